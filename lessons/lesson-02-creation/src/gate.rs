//! Order without wait: the parent reads from a pipe that only its child can
//! write to.

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe, read};

pub(crate) fn run() -> Result {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the child")? {
        ForkResult::Child => {
            drop(read_end);
            exit_child(child(write_end))
        }
        ForkResult::Parent { child } => {
            drop(write_end);
            parent(read_end, child)
        }
    }
}

/// The child: opens the gate by letting go of the write end.
fn child(write_end: OwnedFd) -> Result {
    role("child");
    say!("child: hello");
    drop(write_end);
    Ok(())
}

/// The parent: its read returns when no process holds a write end any more.
fn parent(read_end: OwnedFd, child: Pid) -> Result {
    role("parent");
    let mut nothing = [0];
    let length = read(&read_end, &mut nothing)?;
    say!("parent: goodbye (read returned {length}; I have not waited yet)");
    expect_success(waitpid(child, None)?)
}
