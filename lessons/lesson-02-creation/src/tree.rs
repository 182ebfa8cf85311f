//! fork in a loop: whoever is in the loop goes round again.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
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
            exit_child(ancestor(&write_end, child_does))
        }
        ForkResult::Parent { child } => {
            drop(write_end);
            let mut members = Vec::new();
            File::from(read_end).read_to_end(&mut members)?;
            expect_success(waitpid(child, None)?)?;
            Ok(members.len())
        }
    }
}

/// The first member; and, from its first fork on, every other one too.
fn ancestor(write_end: &OwnedFd, child_does: Child) -> Result {
    role("ancestor");
    for _ in 0..ROUNDS {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a family member")? {
            ForkResult::Child => {
                role("member");
                if matches!(child_does, Child::LeavesTheLoop) {
                    break;
                }
            }
            // A round ends when the child and all its descendants have ended.
            ForkResult::Parent { child } => {
                expect_success(waitpid(child, None)?)?;
            }
        }
    }
    write(write_end, b".").map(drop).context("cannot write into the pipe")
}
