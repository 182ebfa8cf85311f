//! A chain of processes, each joined to the next by a pipe: everyone keeps
//! the first number it gets, a prime, and passes on what that does not
//! divide.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe};

const LAST: u8 = 30;

pub(crate) fn run() -> Result {
    let (write_end, first) = next_filter()?;
    let mut numbers = File::from(write_end);
    for number in 2..=LAST {
        numbers.write_all(&[number])?;
    }
    drop(numbers); // the end runs down the chain, pipe by pipe
    expect_success(waitpid(first, None)?)
}

/// Forks the next process of the chain; returns the write end to feed it.
fn next_filter() -> Result<(OwnedFd, Pid)> {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork a filter")? {
        ForkResult::Child => {
            drop(write_end);
            exit_child(filter(File::from(read_end)))
        }
        ForkResult::Parent { child } => Ok((write_end, child)),
    }
}

/// One process, one prime.
fn filter(mut numbers: File) -> Result {
    role("filter");
    let mut number = [0];
    if numbers.read(&mut number)? == 0 {
        return Ok(()); // nothing is left: this process ends the chain
    }
    let [prime] = number;
    say!("{prime} is prime");

    let (write_end, next) = next_filter()?;
    let mut rest = File::from(write_end);
    while numbers.read(&mut number)? > 0 {
        if number[0] % prime != 0 {
            rest.write_all(&number)?;
        }
    }
    drop(rest);
    expect_success(waitpid(next, None)?)
}
