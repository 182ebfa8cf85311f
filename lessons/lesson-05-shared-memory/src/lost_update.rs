//! Two processes add one each, and one addition vanishes. Each step waits for
//! its turn, so it vanishes every time.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::sys::mman::MapFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, read, write};

use crate::mapping::Mapping;

pub(crate) fn run() -> Result {
    role("parent");
    let counter = Mapping::<AtomicI32>::anonymous(MapFlags::MAP_SHARED)?;
    let (first_end, second_end) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .context("cannot make a socketpair")?;

    // SAFETY: this process has one thread.
    let first = match unsafe { fork() }.context("cannot fork the first")? {
        ForkResult::Child => {
            drop(second_end);
            exit_child(first(&counter, first_end))
        }
        ForkResult::Parent { child } => child,
    };
    drop(first_end);
    // SAFETY: as above.
    let second = match unsafe { fork() }.context("cannot fork the second")? {
        ForkResult::Child => exit_child(second(&counter, second_end)),
        ForkResult::Parent { child } => child,
    };
    drop(second_end);

    expect_success(waitpid(first, None)?)?;
    expect_success(waitpid(second, None)?)?;
    say!("parent: two additions, the counter is {}", counter.load(Relaxed));
    Ok(())
}

/// A child: is interrupted between its load and its store.
fn first(counter: &AtomicI32, turn: OwnedFd) -> Result {
    role("first");
    let old = counter.load(Relaxed);
    say!("first:  loads {old}");
    pass(&turn)?;

    wait_for(&turn)?;
    counter.store(old + 1, Relaxed);
    say!("first:  stores {}", old + 1);
    pass(&turn)
}

/// A child: steps in.
fn second(counter: &AtomicI32, turn: OwnedFd) -> Result {
    role("second");
    wait_for(&turn)?;
    let old = counter.load(Relaxed);
    say!("second: loads {old}");
    pass(&turn)?;

    wait_for(&turn)?;
    counter.store(old + 1, Relaxed);
    say!("second: stores {}", old + 1);
    Ok(())
}

fn pass(turn: &OwnedFd) -> Result {
    write(turn, b"!").map(drop).context("cannot pass the turn")
}

fn wait_for(turn: &OwnedFd) -> Result {
    match read(turn, &mut [0]).context("cannot wait for the turn")? {
        0 => Err(Error::new("the other worker went away")),
        _ => Ok(()),
    }
}
