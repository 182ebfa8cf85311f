//! Five processes add one each to the same number.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::mman::MapFlags;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::mapping::Mapping;

pub(crate) fn run() -> Result {
    role("parent");
    // Mapped before the forks: every child inherits the same memory.
    let counter = Mapping::<AtomicI32>::anonymous(MapFlags::MAP_SHARED)?;

    let mut workers = Vec::new();
    for _ in 0..5 {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => exit_child(worker(&counter)),
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    for child in workers {
        expect_success(waitpid(child, None)?)?;
    }
    say!("Counter value: {}", counter.load(Relaxed));
    Ok(())
}

/// A child: load, add and store in one step that nobody can divide.
pub(crate) fn worker(counter: &AtomicI32) -> Result {
    role("worker");
    counter.fetch_add(1, Relaxed);
    Ok(())
}
