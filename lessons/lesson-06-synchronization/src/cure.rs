//! Two processes, two locks, one order for all: A before B. A ring cannot
//! close, since whoever holds B wants nothing more.

use std::os::fd::OwnedFd;

use common::{
    Context, Error, Result, exit_child, expect_success, role, say,
    until_blocked,
};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read, write};

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
            exit_child(left(&a, &b, report, gate))
        }
        ForkResult::Parent { child } => child,
    };
    drop((report, gate));
    if read(&ready, &mut [0])? == 0 {
        return Err(Error::new("'left' ended early"));
    }
    // The worst moment: left has one lock and not yet the other.
    // SAFETY: this process has one thread.
    let right = match unsafe { fork() }.context("cannot fork 'right'")? {
        ForkResult::Child => {
            drop((ready, opener));
            exit_child(right(&a, &b))
        }
        ForkResult::Parent { child } => child,
    };
    until_blocked(right)?;
    say!("right: waits for A and holds nothing");
    drop(opener);

    expect_success(waitpid(left, None)?)?;
    expect_success(waitpid(right, None)?)
}

fn left(a: &Mutex, b: &Mutex, ready: OwnedFd, gate: OwnedFd) -> Result {
    role("left");
    let _first = a.lock()?;
    say!("left: holds A");
    write(&ready, b"1")?;
    read(&gate, &mut [0])?;
    let _second = b.lock()?;
    say!("left: holds A and B");
    Ok(())
}

/// It would like to have B first, as before. The order for all says A.
fn right(a: &Mutex, b: &Mutex) -> Result {
    role("right");
    let _first = a.lock()?;
    let _second = b.lock()?;
    say!("right: holds A and B");
    Ok(())
}
