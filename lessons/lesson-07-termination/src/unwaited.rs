//! What the notebook does: it asks, and announces the end without waiting for
//! it. The worker here has a last thing to do first, as many workers have.

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe, read};

use crate::gate;
use crate::state::state;

pub(crate) fn run() -> Result {
    let (begun_read, begun_write) = pipe().context("cannot make a pipe")?;
    let (go_read, go_write) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => {
            drop(begun_read);
            drop(go_write);
            exit_child(worker(begun_write, go_read))
        }
        ForkResult::Parent { child } => {
            drop(begun_write);
            drop(go_read);
            parent(begun_read, go_write, child)
        }
    }
}

/// The child: takes the signal as a request, and does not hurry.
fn worker(begun: OwnedFd, go: OwnedFd) -> Result {
    role("worker");
    let term = SigSet::from(Signal::SIGTERM);
    term.thread_block()?;
    say!("Starting my function");
    gate::tell(&begun)?;
    term.wait()?;
    // The end of file here holds the worker where the scheduler may hold it.
    read(&go, &mut [0])?;
    say!("worker: one last line before I go");
    Ok(())
}

fn parent(begun: OwnedFd, go: OwnedFd, worker: Pid) -> Result {
    role("parent");
    gate::await_told(&begun)?;
    kill(worker, Signal::SIGTERM)?;
    say!("Process terminated");

    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    let seen = waitid(Id::Pid(worker), look | WaitPidFlag::WNOHANG)?;
    if seen == WaitStatus::StillAlive {
        say!("parent: not true: the worker is alive");
    }
    drop(go);

    // WNOWAIT waits for the end and leaves the status uncollected.
    waitid(Id::Pid(worker), look)?;
    let letter = state(worker)?;
    say!("parent: now it has ended: state {letter}, a zombie");
    expect_success(waitpid(worker, None)?)?;
    if waitpid(worker, None) == Err(Errno::ECHILD) {
        say!("parent: its status is collected: no such child any more");
    }
    Ok(())
}
