//! The notebook's way, in the run in which it goes wrong: the lock does what
//! it promises, and the reader comes first.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use common::{
    Context, Error, Result, Scratch, exit_child, expect_success, role, say,
};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, pipe, read};

use crate::locks::Mutex;

pub(crate) fn run() -> Result {
    role("parent");
    let scratch = Scratch::new()?;
    let file = scratch.path("msg.txt");
    let lock = Mutex::new()?;
    let (gate, opener) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    let writer = match unsafe { fork() }.context("cannot fork the writer")? {
        ForkResult::Child => {
            drop(opener);
            exit_child(writer(&file, &lock, &gate))
        }
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    let reader = match unsafe { fork() }.context("cannot fork the reader")? {
        ForkResult::Child => {
            drop(opener);
            exit_child(reader(&file, &lock))
        }
        ForkResult::Parent { child } => child,
    };
    let status = waitpid(reader, None)?;
    // What the scheduler does now and then, it does here every time: the
    // writer gets to its lock late.
    drop(opener);
    expect_success(waitpid(writer, None)?)?;

    let WaitStatus::Exited(_, code) = status else {
        return Err(Error::new(format!("the reader: {status:?}")));
    };
    say!("parent: the reader's exit code is {code}, if anybody asks");
    Ok(())
}

fn writer(file: &Path, lock: &Mutex, gate: &OwnedFd) -> Result {
    role("writer");
    read(gate, &mut [0])?;
    let _guard = lock.lock()?;
    say!("writer: has the lock");
    fs::write(file, "An Error is a Sweet Taste\n")
        .context(format_args!("cannot write {}", file.display()))
}

fn reader(file: &Path, lock: &Mutex) -> Result {
    role("reader");
    let guard = lock.lock()?;
    say!("reader: has the lock");
    let found = file.exists();
    drop(guard);
    if !found {
        say!("reader: there was no file");
        // SAFETY: _exit(2) ends the process here; it holds nothing any more.
        unsafe { libc::_exit(1) }
    }
    Ok(())
}
