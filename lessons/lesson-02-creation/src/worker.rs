//! The parent's line comes second because the parent waits.

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid};

pub(crate) fn run() -> Result {
    // SAFETY: this process has one thread, so the child cannot inherit a lock
    // whose holder did not come along.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => exit_child(worker()),
        ForkResult::Parent { child } => parent(child),
    }
}

/// The child: one line, and its end.
fn worker() -> Result {
    role("worker");
    say!("Worker process executing with PID: {}", getpid());
    Ok(())
}

/// The parent: nothing holds it back but this `waitpid`.
fn parent(child: Pid) -> Result {
    role("parent");
    expect_success(waitpid(child, None)?)?;
    say!("Parent process executing with PID: {}", getpid());
    Ok(())
}
