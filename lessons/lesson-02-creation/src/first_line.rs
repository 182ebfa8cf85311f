//! The race of `--naive`: whose byte is first in a pipe, the child's (C) or
//! the parent's (P)?

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read, write};

/// The notebook's logic: start the worker, print, and join at the end.
/// Returns whether the parent was first.
pub(crate) fn naive() -> Result<bool> {
    role("parent");
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => exit_child(worker(&write_end)),
        ForkResult::Parent { child } => {
            put(&write_end, b"P")?;
            expect_success(waitpid(child, None)?)?;
            parent_was_first(&read_end)
        }
    }
}

/// The same two bytes, and the parent waits before it writes.
pub(crate) fn waiting() -> Result<bool> {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => exit_child(worker(&write_end)),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
            put(&write_end, b"P")?;
            parent_was_first(&read_end)
        }
    }
}

fn worker(write_end: &OwnedFd) -> Result {
    role("worker");
    put(write_end, b"C")
}

fn put(write_end: &OwnedFd, byte: &[u8]) -> Result {
    write(write_end, byte).map(drop).context("cannot write into the pipe")
}

fn parent_was_first(read_end: &OwnedFd) -> Result<bool> {
    let mut first = [0];
    read(read_end, &mut first).context("cannot read from the pipe")?;
    Ok(first == *b"P")
}
