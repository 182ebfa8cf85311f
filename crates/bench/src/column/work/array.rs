//! Two processes square an array in place, each its half.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Error, Result};
use nix::sys::mman::MapFlags;

use crate::clock::{now, pin};
use crate::crew::Crew;
use crate::mapping::Mapping;
use crate::task::Task;

/// The longest array.
const MOST: usize = 10_000_000;

/// Nanoseconds for an element; there are `count`.
pub(crate) fn measure(task: &Task) -> Result<f64> {
    if task.way != "atomic" {
        return Err(task.unknown());
    }
    let memory = Mapping::<[AtomicI32; MOST]>::anonymous(MapFlags::MAP_SHARED)?;
    let cells = memory.get(..task.count).ok_or_else(|| {
        Error::new(format!("an array has at most {MOST} elements"))
    })?;
    for (cell, number) in cells.iter().zip((0..1000).cycle()) {
        cell.store(number, Relaxed);
    }
    let (left, right) = cells.split_at(cells.len() / 2);
    let halves = [left, right];
    let crew = Crew::at_gate(2, |worker| {
        pin(task.cpu_of(worker))?;
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
        true => Ok(took as f64 / task.count as f64),
        false => Err(Error::new("an element was not squared once")),
    }
}
