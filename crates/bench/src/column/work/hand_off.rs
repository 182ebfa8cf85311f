//! A lock, or a turn, goes from one process to another that waits for it.

use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

use common::Result;
use nix::sched::sched_yield;

use crate::clock::{median, now, pin};
use crate::crew::{Crew, hire, reap};
use crate::locks::Mutex;
use crate::look::until_asleep;
use crate::mapping::Mapping;
use crate::shared::Semaphore;
use crate::task::Task;
use nix::sys::mman::MapFlags;

pub(crate) fn measure(task: &Task) -> Result<f64> {
    match &*task.way {
        "mutex" => locked(task),
        "semaphore" => in_turns(task),
        _ => Err(task.unknown()),
    }
}

/// From the unlock to the moment when the waiter, which slept, has the lock.
fn locked(task: &Task) -> Result<f64> {
    let lock = Mutex::new()?;
    // Which round the waiter asks in, when it had the lock (low and high
    // half), and which round is over.
    let cells = Mapping::<[AtomicU32; 4]>::anonymous(MapFlags::MAP_SHARED)?;
    let [asks, low, high, held] = &*cells;
    let rounds = u32::try_from(task.count)?;
    let go = Semaphore::new(0)?;
    let waiter = hire(|| {
        pin(task.last_cpu())?;
        for round in 1..=rounds {
            go.wait()?;
            asks.store(round, Release);
            let guard = lock.lock()?;
            let time = now();
            drop(guard);
            low.store(time as u32, Relaxed);
            high.store((time >> 32) as u32, Relaxed);
            held.store(round, Release);
        }
        Ok(())
    })?;
    let mut times = vec![1; task.count];
    for (round, time) in (1..=rounds).zip(&mut times) {
        let guard = lock.lock()?;
        go.post()?;
        until(asks, round)?;
        // Behind its word that it asks, only the lock lets it sleep.
        until_asleep(waiter)?;
        let begun = now();
        drop(guard);
        until(held, round)?;
        let had = i64::from(high.load(Relaxed)) << 32;
        *time = (had | i64::from(low.load(Relaxed))) - begun;
    }
    reap(waiter)?;
    median(&mut times)
}

/// Looks again and again, and lets others have the CPU in between.
fn until(cell: &AtomicU32, round: u32) -> Result {
    while cell.load(Acquire) != round {
        sched_yield()?;
    }
    Ok(())
}

/// Two semaphores, strict turns: the time for a turn.
fn in_turns(task: &Task) -> Result<f64> {
    let mine = Semaphore::new(0)?;
    let yours = Semaphore::new(0)?;
    let crew = Crew::at_gate(&[task.last_cpu()], |_| {
        for _ in 0..task.count {
            yours.wait()?;
            mine.post()?;
        }
        Ok(())
    })?;
    let begun = now();
    let other = crew.begin();
    for _ in 0..task.count {
        yours.post()?;
        mine.wait()?;
    }
    let took = now() - begun;
    other.reap()?;
    Ok(took as f64 / (2 * task.count) as f64)
}
