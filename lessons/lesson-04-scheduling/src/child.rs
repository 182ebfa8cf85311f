//! A child starts at the niceness of its parent; `exec` does not change it.

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, execvp, fork, getpid, pipe, read, write};

use crate::niceness::{niceness, set_niceness};

pub(crate) fn run() -> Result {
    let (started_read, started_write) = pipe().context("cannot make a pipe")?;
    let (gate, opener) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => {
            drop(started_read);
            drop(opener);
            exit_child(worker(started_write, gate))
        }
        ForkResult::Parent { child } => {
            drop(started_write);
            drop(gate);
            parent(started_read, opener, child)
        }
    }
}

/// The child: says hello, and lives until its parent has looked at it.
fn worker(started: OwnedFd, gate: OwnedFd) -> Result {
    role("worker");
    say!("hello world");
    write(&started, b"!")?;
    read(&gate, &mut [0])?;

    let inherited = niceness(getpid())?;
    say!("{inherited}");
    set_niceness(getpid(), inherited + 5).context("cannot add 5")?;
    say!("worker: adds 5 and becomes nice(1), which prints its niceness:");
    execvp(c"nice", &[c"nice"]).context("cannot execute nice")?;
    Ok(())
}

/// The parent: looks at its child from outside, which needs no permission.
fn parent(started: OwnedFd, opener: OwnedFd, child: Pid) -> Result {
    if read(&started, &mut [0])? == 0 {
        return expect_success(waitpid(child, None)?); // it failed, and said so
    }
    say!("parent: worker pid={child} niceness={}", niceness(child)?);
    drop(opener);
    expect_success(waitpid(child, None)?)?;
    match niceness(getpid())? {
        0 => {}
        own => say!("parent: was started at niceness {own}: that is inherited"),
    }
    Ok(())
}
