//! fork in a loop: whoever is in the loop goes round again.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::sys::wait::{wait, waitpid};
use nix::unistd::{ForkResult, fork, pipe, write};

const ROUNDS: u32 = 3;

#[derive(Clone, Copy)]
enum Child {
    StaysInTheLoop,
    LeavesTheLoop,
}

pub(crate) fn run() -> Result {
    let doubled = processes(Child::StaysInTheLoop)?;
    say!("the child stays in the loop: {doubled} processes");
    let added = processes(Child::LeavesTheLoop)?;
    say!("the child leaves the loop: {added} processes");
    Ok(())
}

/// Counts a family: every member writes one byte, and the end of file says
/// that none is left who could.
fn processes(child_does: Child) -> Result<usize> {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the ancestor")? {
        ForkResult::Child => {
            drop(read_end);
            exit_child(ancestor(write_end, child_does))
        }
        ForkResult::Parent { child } => {
            drop(write_end);
            let mut members = Vec::new();
            File::from(read_end).read_to_end(&mut members)?;
            expect_success(waitpid(child, None)?)?;
            match members.iter().find(|member| **member != 0) {
                None => Ok(members.len()),
                Some(errno) => Err(Errno::from_raw(i32::from(*errno)))
                    .context("cannot fork a member of the family"),
            }
        }
    }
}

/// The first member; and, from its first fork on, every other one too.
fn ancestor(write_end: OwnedFd, child_does: Child) -> Result {
    role("ancestor");
    // One line is enough when many forks fail: a member tells its errno to
    // the process that counts.
    let mut errno = 0;
    for _ in 0..ROUNDS {
        // SAFETY: this process has one thread.
        match (unsafe { fork() }, child_does) {
            (Ok(ForkResult::Child), Child::LeavesTheLoop) => {
                role("member");
                break;
            }
            (Ok(ForkResult::Child), Child::StaysInTheLoop) => role("member"),
            (Ok(ForkResult::Parent { .. }), _) => {}
            (Err(error), _) => errno = error as u8,
        }
    }
    write(&write_end, &[errno])?;
    drop(write_end);
    // Each process waits for the children that it made itself.
    while wait().is_ok() {}
    Ok(())
}
