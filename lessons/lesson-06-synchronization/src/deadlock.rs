//! Two processes, two locks, taken in opposite order: each holds what the
//! other waits for.

use std::os::fd::OwnedFd;

use common::{
    Context, Error, Result, exit_child, role, say, state, until_blocked,
};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe, read, write};

use crate::locks::Mutex;

pub(crate) fn run() -> Result {
    role("parent");
    let (a, b) = (Mutex::new()?, Mutex::new()?);
    let (ready, report) = pipe().context("cannot make a pipe")?;
    let (gate, opener) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    let left = match unsafe { fork() }.context("cannot fork 'left'")? {
        ForkResult::Child => {
            drop((ready, opener));
            exit_child(left(&a, &b, &report, &gate))
        }
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    let right = match unsafe { fork() }.context("cannot fork 'right'")? {
        ForkResult::Child => {
            drop((ready, opener));
            exit_child(right(&a, &b, &report, &gate))
        }
        ForkResult::Parent { child } => child,
    };
    drop((report, gate));

    // Without luck: nobody asks for a second lock before both hold one.
    both_report(&ready)?;
    drop(opener);
    both_report(&ready)?;
    until_blocked(left)?;
    until_blocked(right)?;
    say!("left  (pid {left}) holds A, wants B: state {}", state(left)?);
    say!("right (pid {right}) holds B, wants A: state {}", state(right)?);

    say!("nobody gives way; the parent ends left: {}", end(left)?);
    say!("lock A has a dead holder now; right: state {}", state(right)?);
    say!("the parent ends right: {}", end(right)?);
    Ok(())
}

fn left(a: &Mutex, b: &Mutex, report: &OwnedFd, gate: &OwnedFd) -> Result {
    role("left");
    let _first = a.lock()?;
    meet(report, gate)?;
    let _second = b.lock()?;
    Ok(())
}

fn right(a: &Mutex, b: &Mutex, report: &OwnedFd, gate: &OwnedFd) -> Result {
    role("right");
    let _first = b.lock()?;
    meet(report, gate)?;
    let _second = a.lock()?;
    Ok(())
}

/// Says "I hold one", waits until both do, says "I ask for the other now".
/// After that only the lock can put this process to sleep.
fn meet(report: &OwnedFd, gate: &OwnedFd) -> Result {
    write(report, b"1")?;
    read(gate, &mut [0])?;
    write(report, b"2")?;
    Ok(())
}

fn both_report(ready: &OwnedFd) -> Result {
    for _ in 0..2 {
        if read(ready, &mut [0])? == 0 {
            return Err(Error::new("'left' and 'right' ended early"));
        }
    }
    Ok(())
}

/// Ends a process that cannot end by itself, and reaps it.
fn end(child: Pid) -> Result<&'static str> {
    kill(child, Signal::SIGKILL)?;
    match waitpid(child, None)? {
        WaitStatus::Signaled(_, signal, _) => Ok(signal.as_str()),
        other => Err(Error::new(format!("it ended by itself: {other:?}"))),
    }
}
