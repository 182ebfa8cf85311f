//! What `--naive` counts: the notebook's `counter.value += 1` and
//! `numbers[i] **= 2` in several processes, beside the two demos' workers.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Context, Result, exit_child, expect_success};
use nix::sched::sched_yield;
use nix::sys::mman::MapFlags;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read};

use crate::mapping::Mapping;
use crate::{counter, numbers};

pub(crate) fn naive_counter() -> Result<bool> {
    count_to_five(|counter| in_two_steps(counter, |n| n + 1))
}

pub(crate) fn right_counter() -> Result<bool> {
    count_to_five(counter::worker)
}

pub(crate) fn naive_numbers() -> Result<bool> {
    square_twice(|cells| {
        cells.iter().try_for_each(|cell| in_two_steps(cell, |n| n * n))
    })
}

pub(crate) fn right_numbers() -> Result<bool> {
    square_twice(numbers::worker)
}

/// The yield stands for the preemption that Python's interpreter gets for
/// free: several of its bytecodes lie between the load and the store. Between
/// two machine instructions it is rare, and possible all the same.
fn in_two_steps(cell: &AtomicI32, change: fn(i32) -> i32) -> Result {
    let old = cell.load(Relaxed);
    sched_yield()?;
    cell.store(change(old), Relaxed);
    Ok(())
}

/// Five workers on one counter, one step each.
fn count_to_five(work: fn(&AtomicI32) -> Result) -> Result<bool> {
    let counter = Mapping::<AtomicI32>::anonymous(MapFlags::MAP_SHARED)?;
    at_once(5, || work(&counter))?;
    Ok(counter.load(Relaxed) != 5)
}

/// Two workers on a thousand threes. Five cells, as in the demo, are done in
/// a microsecond, often before the other worker has begun.
fn square_twice(work: fn(&[AtomicI32]) -> Result) -> Result<bool> {
    type Cells = [AtomicI32; 1000];
    let cells = Mapping::<Cells>::anonymous(MapFlags::MAP_SHARED)?;
    cells.iter().for_each(|cell| cell.store(3, Relaxed));
    at_once(2, || work(&*cells))?;
    Ok(cells.iter().any(|cell| cell.load(Relaxed) != 81))
}

/// Forks the workers and lets all begin at once: they wait for the end of
/// file of a pipe whose last write end is this process's.
fn at_once(count: usize, work: impl Fn() -> Result) -> Result {
    let (gate, opener) = pipe().context("cannot make the gate")?;
    let mut opener = Some(opener);
    let mut workers = Vec::new();
    for _ in 0..count {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => {
                drop(opener.take());
                let opened = read(&gate, &mut [0]).context("cannot wait");
                exit_child(opened.and_then(|_| work()))
            }
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    drop(opener);
    for child in workers {
        expect_success(waitpid(child, None)?)?;
    }
    Ok(())
}
