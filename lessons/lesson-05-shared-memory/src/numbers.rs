//! Two processes square every cell: each cell is squared twice.

use std::array::from_fn;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::mman::MapFlags;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::mapping::Mapping;

pub(crate) type Cells = [AtomicI32; 5];

pub(crate) fn run() -> Result {
    let cells = one_to_five()?;

    let mut workers = Vec::new();
    for _ in 0..2 {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => exit_child(worker(&cells)),
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    for child in workers {
        expect_success(waitpid(child, None)?)?;
    }
    say!("Shared numbers: {:?}", values(&cells));
    Ok(())
}

/// A child: squares every cell once.
pub(crate) fn worker(cells: &Cells) -> Result {
    role("worker");
    for cell in cells {
        // No single instruction squares. This stores only if the cell still
        // holds what was loaded; otherwise it starts again from the new value.
        let mut old = cell.load(Relaxed);
        while let Err(now) =
            cell.compare_exchange(old, old * old, Relaxed, Relaxed)
        {
            old = now;
        }
    }
    Ok(())
}

/// The notebook's list, in memory that the children will share.
pub(crate) fn one_to_five() -> Result<Mapping<Cells>> {
    let cells = Mapping::<Cells>::anonymous(MapFlags::MAP_SHARED)?;
    for (cell, number) in cells.iter().zip(1..) {
        cell.store(number, Relaxed);
    }
    Ok(cells)
}

pub(crate) fn values(cells: &Cells) -> [i32; 5] {
    from_fn(|place| cells[place].load(Relaxed))
}
