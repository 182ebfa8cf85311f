//! Niceness goes up for everybody, and down for almost nobody.

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

use crate::niceness::{niceness, set_niceness};
use crate::privilege::give_up_lowering;

pub(crate) fn run() -> Result {
    role("parent");
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the polite child")? {
        ForkResult::Child => exit_child(polite()),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
        }
    }

    say!("parent: never went up, so its next child starts afresh:");
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the fresh child")? {
        ForkResult::Child => exit_child(fresh()),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
        }
    }
    say_if_started_nice()
}

/// The first child: goes up, and cannot come down.
fn polite() -> Result {
    role("polite");
    give_up_lowering()?;
    set_niceness(getpid(), 19).context("cannot raise the niceness")?;
    say!("{}", niceness(getpid())?);

    match set_niceness(getpid(), 5) {
        Err(Errno::EACCES) => {
            say!("polite: from 19 to 5: {}", Errno::EACCES);
            say!("polite: lowering takes CAP_SYS_NICE, or RLIMIT_NICE");
            Ok(())
        }
        other => Err(Error::new(format!("from 19 to 5: {other:?}"))),
    }
}

/// The second child: inherits from the parent, not from its sister.
fn fresh() -> Result {
    role("fresh");
    say!("{}", niceness(getpid())?);
    Ok(())
}

/// `nice -n 5 cargo run …` starts the whole family higher.
fn say_if_started_nice() -> Result {
    match niceness(getpid())? {
        0 => {}
        own => say!("parent: was started at niceness {own} itself"),
    }
    Ok(())
}
