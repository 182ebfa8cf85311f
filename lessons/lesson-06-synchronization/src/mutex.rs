//! Exclusion: read, add, write back is three steps; under the lock nobody
//! else is between them.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sched::sched_yield;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read};

use crate::locks::Mutex;
use crate::shared::Shared;

const WORKERS: u32 = 4;
const INCREMENTS: u32 = 1000;

pub(crate) fn run() -> Result {
    let counter = Shared::new(AtomicU32::new(0))?;
    let lock = Mutex::new()?;
    let (gate, opener) = pipe().context("cannot make a pipe")?;

    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => {
                drop(opener);
                exit_child(worker(&gate, &lock, &counter))
            }
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    drop(opener); // The end of file lets all of them start.
    for worker in workers {
        expect_success(waitpid(worker, None)?)?;
    }
    let sum = counter.load(Relaxed);
    say!("{WORKERS} workers, {INCREMENTS} increments each: {sum}");
    Ok(())
}

fn worker(gate: &OwnedFd, lock: &Mutex, counter: &AtomicU32) -> Result {
    role("worker");
    read(gate, &mut [0])?;
    for turn in 0..INCREMENTS {
        let _guard = lock.lock()?;
        // Relaxed promises nothing between processes. The lock does: what was
        // stored before the unlock is seen after the next lock.
        let value = counter.load(Relaxed);
        if turn % 20 == 0 {
            // Here another process runs, and would read the same value.
            sched_yield()?;
        }
        counter.store(value + 1, Relaxed);
    }
    Ok(())
}
