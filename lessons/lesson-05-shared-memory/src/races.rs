//! What `--naive` counts: the notebook's `counter.value += 1` and
//! `numbers[i] **= 2` in several processes, beside the two demos' workers.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Context, Result, exit_child, expect_success};
use nix::sched::sched_yield;
use nix::sys::mman::MapFlags;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read, write};

use crate::mapping::Mapping;
use crate::numbers::Cells;
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

/// Two workers on the notebook's list.
fn square_twice(work: fn(&Cells) -> Result) -> Result<bool> {
    let cells = numbers::one_to_five()?;
    at_once(2, || work(&cells))?;
    Ok(numbers::values(&cells) != [1, 16, 81, 256, 625])
}

/// Forks the workers and lets all begin at once: they wait for the end of
/// file of a pipe, and this process, which alone can end it, waits until each
/// has said that it is there.
fn at_once(count: usize, work: impl Fn() -> Result) -> Result {
    let (gate, opener) = pipe().context("cannot make the gate")?;
    let (roll_call, here) = pipe().context("cannot make the roll call")?;
    let mut workers = Vec::new();
    for _ in 0..count {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => {
                drop(opener);
                exit_child(at_gate(here, &gate).and_then(|()| work()))
            }
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    drop(here);
    File::from(roll_call)
        .read_exact(&mut vec![0; count])
        .context("a worker went away")?;
    drop(opener);
    for child in workers {
        expect_success(waitpid(child, None)?)?;
    }
    Ok(())
}

/// In a child: says that it is there, and waits for the end of file.
fn at_gate(here: OwnedFd, gate: &OwnedFd) -> Result {
    write(&here, b"!").context("cannot answer the roll call")?;
    drop(here); // held at the gate, it would hide a worker that went away
    read(gate, &mut [0]).map(drop).context("cannot wait at the gate")
}
