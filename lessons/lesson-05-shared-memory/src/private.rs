//! Four numbers at four addresses. fork leaves every address as it is, and
//! copies the memory behind all but one.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::mman::MapFlags;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::mapping::Mapping;

pub(crate) fn run() -> Result {
    let variable = AtomicI32::new(0);
    let arc = Arc::new(AtomicI32::new(0));
    let private = Mapping::<AtomicI32>::anonymous(MapFlags::MAP_PRIVATE)?;
    let shared = Mapping::<AtomicI32>::anonymous(MapFlags::MAP_SHARED)?;
    let numbers = [
        ("a variable", &variable),
        ("an Arc", &*arc),
        ("MAP_PRIVATE", &*private),
        ("MAP_SHARED", &*shared),
    ];

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => exit_child(worker(&numbers)),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
            show("parent", &numbers);
            Ok(())
        }
    }
}

type Numbers<'a> = [(&'static str, &'a AtomicI32); 4];

/// The child: adds one to each of the four.
fn worker(numbers: &Numbers<'_>) -> Result {
    role("worker");
    for (_, number) in numbers {
        number.fetch_add(1, Relaxed);
    }
    show("worker", numbers);
    Ok(())
}

fn show(who: &str, numbers: &Numbers<'_>) {
    for (kind, number) in numbers {
        let address = ptr::from_ref(*number);
        let value = number.load(Relaxed);
        say!("{who}: {kind:<11} at {address:p}: {value}");
    }
}
