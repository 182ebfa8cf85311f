//! The parent ends first. The orphan's new parent is the nearest ancestor
//! that is a subreaper; only if there is none, it is pid 1.

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::prctl;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid, pipe, read, write};

pub(crate) fn run() -> Result {
    // Without this line the adopter is pid 1, or an ancestor that somebody
    // else has made a subreaper.
    prctl::set_child_subreaper(true)?;
    say!("adopter: I am pid {}", getpid());
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the parent")? {
        ForkResult::Child => {
            drop(write_end);
            exit_child(parent(read_end))
        }
        ForkResult::Parent { child } => {
            drop(read_end);
            adopter(child, write_end)
        }
    }
}

/// The orphan's grandparent, and then its parent.
fn adopter(parent: Pid, write_end: OwnedFd) -> Result {
    role("adopter");
    expect_success(waitpid(parent, None)?)?;
    say!("adopter: pid {parent} has ended");
    drop(write_end); // the orphan's end of file

    // Whoever adopts has to bury, too.
    let status = waitpid(None, None)?;
    say!("adopter: has waited for the orphan: {status:?}");
    expect_success(status)
}

/// Ends as soon as its own child has spoken, and does not wait for its end.
fn parent(read_end: OwnedFd) -> Result {
    role("parent");
    let (spoken_read, spoken_write) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the orphan")? {
        ForkResult::Child => {
            drop(spoken_read);
            exit_child(orphan(read_end, spoken_write))
        }
        ForkResult::Parent { .. } => {
            drop(spoken_write);
            read(&spoken_read, &mut [0])?;
            Ok(())
        }
    }
}

fn orphan(read_end: OwnedFd, spoken_write: OwnedFd) -> Result {
    role("orphan");
    say!("orphan: my parent is pid {}", getppid());
    write(&spoken_write, b"!")?;

    read(&read_end, &mut [0])?; // returns when the parent is dead
    say!("orphan: my parent is pid {}", getppid());
    Ok(())
}
