//! Somebody waits for a process that is stopped.

use nix::sys::signal::{Signal, raise};
use nix::unistd::pipe;

use crate::Result;
use crate::files::{flock, open};
use crate::process::{
    Meeting, await_end, await_stop, child, read_one, ready, shut, stop,
};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("stopped-itself", "waits-for-stopped", "A A.1", itself)
        .at_least_if_closed(),
    Program::stuck("stopped-writer", "waits-for-stopped", "A A.1", writer)
        .at_least_if_closed(),
    Program::stuck("stopped-holder", "waits-for-stopped", "A A.1 A.2", holder)
        .at_least_if_closed(),
];

/// waitpid(2) without WUNTRACED does not return for a child that stops.
fn itself() -> Result {
    let worker = child(|| Ok(raise(Signal::SIGSTOP)?))?;
    await_stop(worker)?;
    ready()?;
    await_end(worker)
}

fn writer() -> Result {
    let (read_end, write_end) = pipe()?;
    let meeting = Meeting::new(1)?;
    let writer = child(|| {
        shut(&read_end);
        meeting.attend()?;
        nix::unistd::write(&write_end, b"x")?;
        Ok(())
    })?;
    drop(write_end);
    // Stopped before it has asked to end with its parent, it would stay.
    meeting.await_members()?;
    stop(writer)?;
    ready()?;
    read_one(&read_end)
}

/// A stopped process keeps its locks.
fn holder() -> Result {
    let meeting = Meeting::new(1)?;
    let holder = child(|| {
        let file = open("lock")?;
        flock(&file)?;
        meeting.attend()?;
        Ok(raise(Signal::SIGSTOP)?)
    })?;
    meeting.hold()?;
    await_stop(holder)?;
    let waiter = child(|| flock(&open("lock")?))?;
    ready()?;
    await_end(waiter)?;
    await_end(holder)
}
