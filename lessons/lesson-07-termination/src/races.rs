//! The notebook's two hopes, counted: that a signal works at once, and that a
//! process runs as soon as it is started.

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, role};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pause, pipe, read};

use crate::gate;

/// Naive: sends, and announces. Wrong if the worker has not ended by then.
pub(crate) fn announce_at_once() -> Result<bool> {
    let (begun, worker) = start()?;
    gate::await_told(&begun)?;
    kill(worker, Signal::SIGTERM)?;
    let wrong = !has_ended(worker)?; // here the notebook prints its line
    waitpid(worker, None)?;
    Ok(wrong)
}

/// Right: sends, waits, and announces.
pub(crate) fn announce_after_wait() -> Result<bool> {
    let (begun, worker) = start()?;
    gate::await_told(&begun)?;
    kill(worker, Signal::SIGTERM)?;
    waitpid(worker, None)?;
    Ok(!has_ended(worker)?)
}

/// Naive: ends a worker that was started a moment ago. Wrong if it never came
/// to its first line.
pub(crate) fn end_at_once() -> Result<bool> {
    let (begun, worker) = start()?;
    kill(worker, Signal::SIGTERM)?;
    waitpid(worker, None)?;
    has_not_begun(&begun)
}

/// Right: waits for the first line before it ends the worker.
pub(crate) fn end_after_begun() -> Result<bool> {
    let (begun, worker) = start()?;
    let wrong = has_not_begun(&begun)?;
    kill(worker, Signal::SIGTERM)?;
    waitpid(worker, None)?;
    Ok(wrong)
}

/// A worker that sends a byte for its first line, then works without end.
fn start() -> Result<(OwnedFd, Pid)> {
    let (begun_read, begun_write) = pipe().context("cannot make a pipe")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => {
            drop(begun_read);
            exit_child(worker(begun_write))
        }
        ForkResult::Parent { child } => {
            drop(begun_write);
            Ok((begun_read, child))
        }
    }
}

fn worker(begun: OwnedFd) -> Result {
    role("worker");
    gate::tell(&begun)?;
    pause();
    Ok(())
}

/// Looks without collecting. ECHILD: collected already.
fn has_ended(worker: Pid) -> Result<bool> {
    let look =
        WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
    match waitid(Id::Pid(worker), look) {
        Ok(WaitStatus::StillAlive) => Ok(false),
        Ok(_) | Err(Errno::ECHILD) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

fn has_not_begun(begun: &OwnedFd) -> Result<bool> {
    Ok(read(begun, &mut [0])? == 0)
}
