//! Two processes square an array in place, each its half.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Error, Result};
use nix::sys::mman::MapFlags;

use crate::clock::{median, now};
use crate::crew::Crew;
use crate::mapping::Mapping;
use crate::task::Task;

/// The longest array.
const MOST: usize = 10_000_000;
/// One run takes a few milliseconds: as long as the scheduler lets somebody
/// else have a CPU. The median of several is none that this happened to.
const RUNS: usize = 9;

/// Nanoseconds for an element; there are `count`.
pub(crate) fn measure(task: &Task) -> Result<f64> {
    if task.way != "atomic" {
        return Err(task.unknown());
    }
    let memory = Mapping::<[AtomicI32; MOST]>::anonymous(MapFlags::MAP_SHARED)?;
    let cells = memory.get(..task.count).ok_or_else(|| {
        Error::new(format!("an array has at most {MOST} elements"))
    })?;
    let mut times = vec![1; RUNS];
    for time in &mut times {
        *time = squared(task, cells)?;
    }
    Ok(median(&mut times)? / task.count as f64)
}

/// Fills the array, and has two workers square it.
fn squared(task: &Task, cells: &[AtomicI32]) -> Result<i64> {
    for (cell, number) in cells.iter().zip((0..1000).cycle()) {
        cell.store(number, Relaxed);
    }
    let (left, right) = cells.split_at(cells.len() / 2);
    let halves = [left, right];
    let crew = Crew::at_gate(&task.cpus_of(2), |worker| {
        for cell in halves[worker] {
            let old = cell.load(Relaxed);
            cell.store(old * old, Relaxed);
        }
        Ok(())
    })?;
    let begun = now();
    crew.begin().reap()?;
    let took = now() - begun;
    let mut squares = cells.iter().zip((0..1000).cycle());
    match squares.all(|(cell, old)| cell.load(Relaxed) == old * old) {
        true => Ok(took),
        false => Err(Error::new("an element was not squared once")),
    }
}
