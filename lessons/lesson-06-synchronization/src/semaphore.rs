//! A semaphore is a number with a queue. What it is good for depends on
//! where the number starts.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed, Ordering::SeqCst};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sched::sched_yield;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read};

use crate::shared::{Semaphore, Shared};

pub(crate) fn run() -> Result {
    starts_at_1()?;
    starts_at_0()?;
    starts_at_2()
}

/// A lock: the first one in takes the 1, and brings it back.
fn starts_at_1() -> Result {
    let lock = Semaphore::new(1)?;
    let counter = Shared::new(AtomicU32::new(0))?;
    in_workers(2, |_| {
        for _ in 0..100 {
            lock.wait()?;
            let value = counter.load(Relaxed);
            sched_yield()?;
            counter.store(value + 1, Relaxed);
            lock.post()?;
        }
        Ok(())
    })?;
    let sum = counter.load(Relaxed);
    say!("starts at 1, a lock: 2 workers, 100 increments each: {sum}");
    Ok(())
}

/// Order: nobody gets past it before somebody else has posted.
fn starts_at_0() -> Result {
    let done = Semaphore::new(0)?;
    in_workers(2, |number| {
        if number == 0 {
            done.wait()?;
            say!("starts at 0, an order: then the second step");
        } else {
            say!("starts at 0, an order: first the first step");
            done.post()?;
        }
        Ok(())
    })
}

/// A throttle: two may be inside, whoever they are.
fn starts_at_2() -> Result {
    let door = Semaphore::new(2)?;
    let pair = Semaphore::new(0)?;
    let arrived = Shared::new(AtomicU32::new(0))?;
    let inside = Shared::new(AtomicU32::new(0))?;
    let most = Shared::new(AtomicU32::new(0))?;
    in_workers(6, |_| {
        door.wait()?;
        most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
        // Every other worker stays until one more has come in: so two meet
        // inside in every run, also on one CPU.
        match arrived.fetch_add(1, SeqCst) % 2 {
            0 => pair.wait()?,
            _ => pair.post()?,
        }
        inside.fetch_sub(1, SeqCst);
        door.post()
    })?;
    let most = most.load(SeqCst);
    say!("starts at 2, a throttle: 6 workers, at most {most} inside");
    Ok(())
}

/// Forks that many workers, lets them start together, waits for all.
fn in_workers(count: u32, work: impl Fn(u32) -> Result) -> Result {
    let (gate, opener) = pipe().context("cannot make a pipe")?;
    let mut workers = Vec::new();
    for number in 0..count {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => {
                drop(opener);
                exit_child(worker(&gate, || work(number)))
            }
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    drop(opener); // The end of file lets all of them start.
    for worker in workers {
        expect_success(waitpid(worker, None)?)?;
    }
    Ok(())
}

fn worker(gate: &OwnedFd, work: impl Fn() -> Result) -> Result {
    role("worker");
    read(gate, &mut [0])?;
    work()
}
