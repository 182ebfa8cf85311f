//! Many processes in one tree. Who is stuck is told as a number.

use std::os::fd::OwnedFd;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::pipe;

use crate::Result;
use crate::healthy::rest;
use crate::process::{await_end, child, read_to_end, ready};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("crowd-rests", resting),
    Program::stuck("crowd-reads", "write-end-open", "2000", reading)
        .says("close(4)"),
    Program::stuck("crowd-deep", "write-end-open", "400", deep)
        .says("close(4)"),
    Program::stuck("crowd-of-descriptors", "write-end-open", "200", laden)
        .says("close(4)"),
];

const CROWD: usize = 2_000;

/// A fork costs more, the deeper it is: the kernel links the memory of each
/// child to that of all who came before.
const DEPTH: usize = 400;

fn crowd(member: impl Fn() -> Result) -> Result {
    let mut last = None;
    for _ in 1..CROWD {
        last = Some(child(&member)?);
    }
    ready()?;
    await_end(last.ok_or("a crowd")?)
}

fn resting() -> Result {
    crowd(rest)
}

/// Everybody holds the write end for which everybody waits.
fn reading() -> Result {
    let (read_end, write_end) = pipe()?;
    crowd(|| read_to_end(&read_end))?;
    drop(write_end);
    Ok(())
}

/// The same with thousands of descriptors in each.
fn laden() -> Result {
    const DESCRIPTORS: usize = 3_000;
    const LADEN: usize = 200;
    let kind = Resource::RLIMIT_NOFILE;
    let (_, most) = getrlimit(kind)?;
    setrlimit(kind, most, most)?;
    let (read_end, write_end) = pipe()?;
    let mut copies = Vec::new();
    for _ in 0..DESCRIPTORS {
        copies.push(nix::unistd::dup(&read_end)?);
    }
    line(&read_end, LADEN)?;
    drop(write_end);
    Ok(())
}

/// Each the child of the one before, and the last one waits for itself.
fn deep() -> Result {
    let (read_end, write_end) = pipe()?;
    line(&read_end, DEPTH)?;
    drop(write_end);
    Ok(())
}

fn line(read_end: &OwnedFd, length: usize) -> Result {
    let arrived = crate::process::Meeting::new(1)?;
    let first =
        child(|| descend(&|| read_to_end(read_end), &arrived, length - 2))?;
    arrived.hold()?;
    ready()?;
    await_end(first)
}

fn descend(
    last: &dyn Fn() -> Result,
    arrived: &crate::process::Meeting,
    below: usize,
) -> Result {
    if below == 0 {
        arrived.pass()?;
        return last();
    }
    await_end(child(|| descend(last, arrived, below - 1))?)
}
