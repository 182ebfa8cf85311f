//! What `--naive` counts: a writer and a reader, released at the same moment.
//!
//! Python's `multiprocessing.Lock` is a semaphore that starts at 1. So both
//! versions are the same program with one number changed and two calls left
//! out.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use common::{Context, Result, Scratch, exit_child, expect_success, role};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, pipe, read};

use crate::shared::Semaphore;

/// The notebook's: both take the lock, whoever comes first goes first.
pub(crate) fn naive() -> Result<bool> {
    let lock = Semaphore::new(1)?;
    reader_fails(
        |file| {
            lock.wait()?;
            write(file)?;
            lock.post()
        },
        |file| {
            lock.wait()?;
            let found = file.exists();
            lock.post()?;
            Ok(found)
        },
    )
}

/// With order: the reader waits for what only the writer posts.
pub(crate) fn right() -> Result<bool> {
    let written = Semaphore::new(0)?;
    reader_fails(
        |file| {
            write(file)?;
            written.post()
        },
        |file| {
            written.wait()?;
            Ok(file.exists())
        },
    )
}

/// A fresh file, both children behind a start gate; whether the reader came
/// to no file.
fn reader_fails(
    write: impl Fn(&Path) -> Result,
    find: impl Fn(&Path) -> Result<bool>,
) -> Result<bool> {
    let scratch = Scratch::new()?;
    let file = scratch.path("msg.txt");
    let (gate, opener) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    let writer = match unsafe { fork() }.context("cannot fork the writer")? {
        ForkResult::Child => {
            drop(opener);
            exit_child(writer(&gate, || write(&file)))
        }
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    let reader = match unsafe { fork() }.context("cannot fork the reader")? {
        ForkResult::Child => {
            drop(opener);
            exit_child(reader(&gate, || find(&file)))
        }
        ForkResult::Parent { child } => child,
    };
    drop(opener); // The end of file wakes both.

    expect_success(waitpid(writer, None)?)?;
    match waitpid(reader, None)? {
        WaitStatus::Exited(_, NO_FILE) => Ok(true),
        status => expect_success(status).map(|()| false),
    }
}

const NO_FILE: i32 = 3;

fn writer(gate: &OwnedFd, write: impl Fn() -> Result) -> Result {
    role("writer");
    read(gate, &mut [0])?;
    write()
}

fn reader(gate: &OwnedFd, find: impl Fn() -> Result<bool>) -> Result {
    role("reader");
    read(gate, &mut [0])?;
    match find()? {
        true => Ok(()),
        // SAFETY: _exit(2) ends the process here. The notebook's reader ends
        // with an exit code too, and there nobody looks at it.
        false => unsafe { libc::_exit(NO_FILE) },
    }
}

fn write(file: &Path) -> Result {
    fs::write(file, "An Error is a Sweet Taste\n")
        .context(format_args!("cannot write {}", file.display()))
}
