//! A tree of processes: each makes up to ten children, who make the rest.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{Context, Error, Result};
use nix::sys::mman::MapFlags;
use nix::unistd::{ForkResult, Pid, fork};

use crate::clock::now;
use crate::crew::{end, reap};
use crate::mapping::Mapping;
use crate::task::Task;

/// How many children a process of the tree has at most.
const FAN: usize = 10;
/// The largest tree.
const MOST: usize = 10_000;

/// The time for each process of a tree, from the first fork to the last reap.
pub(crate) fn measure(task: &Task) -> Result<f64> {
    let marks = Mapping::<[AtomicU32; MOST]>::anonymous(MapFlags::MAP_SHARED)?;
    let members = marks.get(..task.size).ok_or_else(|| {
        Error::new(format!("a tree has at most {MOST} processes"))
    })?;
    let begun = now();
    for _ in 0..task.count {
        grow(members)?;
    }
    let took = now() - begun;
    let wanted = u32::try_from(task.count)?;
    match members.iter().all(|mark| mark.load(Relaxed) == wanted) {
        true => Ok(took as f64 / (task.count * task.size) as f64),
        false => Err(Error::new("a process of the tree was not created")),
    }
}

/// Makes a process for each mark, and reaps those that it has made itself.
fn grow(marks: &[AtomicU32]) -> Result {
    if marks.is_empty() {
        return Ok(());
    }
    // On the stack: a `Vec` would have each process write to its heap, which
    // is a page more that it has to copy.
    let mut children = [None; FAN];
    let parts = marks.chunks(marks.len().div_ceil(FAN));
    for (child, part) in children.iter_mut().zip(parts) {
        *child = Some(member(part)?);
    }
    children.into_iter().flatten().try_for_each(reap)
}

/// Leaves its mark, and has the others as its descendants.
fn member(marks: &[AtomicU32]) -> Result<Pid> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork")? {
        ForkResult::Child => {
            marks[0].fetch_add(1, Relaxed);
            end(grow(&marks[1..]))
        }
        ForkResult::Parent { child } => Ok(child),
    }
}
