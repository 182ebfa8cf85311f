//! A process that blocks gives the CPU up; one that computes has it taken.

use std::os::fd::OwnedFd;
use std::time::Duration;

use common::{
    Context, Result, exit_child, expect_success, role, say, until_blocked,
};
use nix::sched::{sched_setaffinity, sched_yield};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe, read, write};

use crate::cpu::{THIS_PROCESS, burn, first_allowed_cpu, spin_until};
use crate::rival::rival;

pub(crate) fn run() -> Result {
    // The set is inherited: all processes of this demo share one CPU.
    sched_setaffinity(THIS_PROCESS, &first_allowed_cpu()?)
        .context("cannot pin this process")?;
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the blocker")? {
        ForkResult::Child => {
            drop(write_end);
            exit_child(blocker(read_end))
        }
        ForkResult::Parent { child } => {
            drop(read_end);
            feed(child, write_end)?;
            expect_success(waitpid(child, None)?)?;
        }
    }
    compete(spinner, burn)?;
    compete(yielder, || _ = sched_yield())
}

/// Blocks for each byte.
fn blocker(read_end: OwnedFd) -> Result {
    role("blocker");
    while read(&read_end, &mut [0])? > 0 {}
    print("blocks 20 times")
}

/// The parent: a byte whenever the blocker is asleep. No call waits for that,
/// so it looks, and lets the blocker have the CPU until it sleeps.
fn feed(blocker: Pid, write_end: OwnedFd) -> Result {
    for _ in 0..20 {
        until_blocked(blocker)?;
        write(&write_end, b"x")?;
    }
    Ok(())
}

/// Runs a subject on one CPU with a rival that never stops.
fn compete(subject: fn(OwnedFd) -> Result, work: fn()) -> Result {
    let (gate, opener) = pipe().context("cannot make a pipe")?;
    let parent = getpid();

    // SAFETY: this process has one thread.
    let rival = match unsafe { fork() }.context("cannot fork the rival")? {
        ForkResult::Child => {
            drop(opener);
            exit_child(rival(gate, parent, work))
        }
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the subject")? {
        ForkResult::Child => {
            drop(opener);
            exit_child(subject(gate))
        }
        ForkResult::Parent { child } => {
            drop(opener);
            expect_success(waitpid(child, None)?)?;
        }
    }
    kill(rival, Signal::SIGKILL)?;
    waitpid(rival, None)?;
    Ok(())
}

/// Computes; its rival does the same.
fn spinner(gate: OwnedFd) -> Result {
    role("spinner");
    read(&gate, &mut [0])?;
    spin_until(Duration::from_millis(60))?;
    print("computes for 60 ms")
}

/// Yields; its rival does the same.
fn yielder(gate: OwnedFd) -> Result {
    role("yielder");
    read(&gate, &mut [0])?;
    for _ in 0..100 {
        sched_yield()?;
    }
    print("yields 100 times")
}

fn print(what: &str) -> Result {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let gave_up = usage.voluntary_context_switches();
    let lost = usage.involuntary_context_switches();
    say!("{what:20} about {gave_up} voluntary, about {lost} involuntary");
    Ok(())
}
