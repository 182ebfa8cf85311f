//! A monitor: state, its lock and its conditions in one type, whose methods
//! are the only way in.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::blocked::until_blocked;
use crate::buffer::{Buffer, SLOTS};
use crate::shared::Shared;

const ITEMS: usize = 12;

type Tally = [AtomicU32; ITEMS];

pub(crate) fn run() -> Result {
    let buffer = Buffer::new()?;
    let tally = Shared::new(Tally::default())?;

    // SAFETY: this process has one thread.
    let producer =
        match unsafe { fork() }.context("cannot fork the producer")? {
            ForkResult::Child => exit_child(producer(&buffer)),
            ForkResult::Parent { child } => child,
        };
    // Nobody else uses the buffer yet: it can only be waiting for a free slot.
    until_blocked(producer)?;
    say!("producer: {SLOTS} items are in the buffer; it is full, so I wait");

    let mut consumers = Vec::new();
    for _ in 0..2 {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a consumer")? {
            ForkResult::Child => exit_child(consumer(&buffer, &tally)),
            ForkResult::Parent { child } => consumers.push(child),
        }
    }
    for child in [producer].into_iter().chain(consumers) {
        expect_success(waitpid(child, None)?)?;
    }
    report(&tally)
}

fn producer(buffer: &Buffer) -> Result {
    role("producer");
    for item in 0..ITEMS {
        buffer.put(item as u32)?;
    }
    buffer.close()
}

fn consumer(buffer: &Buffer, tally: &Tally) -> Result {
    role("consumer");
    while let Some(item) = buffer.take()? {
        tally[item as usize].fetch_add(1, Relaxed);
    }
    Ok(())
}

fn report(tally: &Tally) -> Result {
    let wrong = tally.iter().position(|taken| taken.load(Relaxed) != 1);
    if let Some(item) = wrong {
        let times = tally[item].load(Relaxed);
        return Err(Error::new(format!("item {item} was taken {times} times")));
    }
    say!("2 consumers: {ITEMS} items, every one taken once");
    Ok(())
}
