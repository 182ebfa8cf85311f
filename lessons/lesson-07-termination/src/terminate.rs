//! Ask a worker to end, wait until it has, and only then say so.

use std::os::fd::OwnedFd;

use common::{Context, Error, Result, exit_child, role, say};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pause, pipe};

use crate::gate;

pub(crate) fn run() -> Result {
    let (begun_read, begun_write) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread, so the child cannot inherit a lock
    // whose holder did not come along.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => {
            drop(begun_read);
            exit_child(worker(begun_write))
        }
        ForkResult::Parent { child } => {
            drop(begun_write);
            parent(begun_read, child)
        }
    }
}

/// The child: begins work that has no end.
fn worker(begun: OwnedFd) -> Result {
    role("worker");
    say!("Starting my function");
    gate::tell(&begun)?;
    pause();
    say!("Finishing my function");
    Ok(())
}

/// The parent: asks, waits, reads the status, and has something to say.
fn parent(begun: OwnedFd, worker: Pid) -> Result {
    role("parent");
    gate::await_told(&begun)?;
    kill(worker, Signal::SIGTERM)?;
    match waitpid(worker, None)? {
        WaitStatus::Signaled(_, Signal::SIGTERM, _) => {
            say!("Process terminated");
            Ok(())
        }
        other => Err(Error::new(format!("another ending: {other:?}"))),
    }
}
