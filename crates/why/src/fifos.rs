//! Two that open two FIFOs, each another one first.
//!
//! Which FIFO a process would open next is not to be seen: that they are each
//! other's other side is likely, not proved, and it is said so.

use crate::causes::Found;
use crate::census::Census;
use crate::says::Speaker;
use crate::wait::{Evidence, Kind, Wait};

/// Of two causes that are all there is, and of which each is a process that
/// opens another FIFO than the other, makes one, with their ring.
pub(crate) fn join(
    mut found: Vec<Found>,
    census: &Census,
    waits: &[Wait],
) -> Vec<Found> {
    let [one, other] = found.as_slice() else { return found };
    let (Some(first), Some(second)) =
        (opener(one, waits), opener(other, waits))
    else {
        return found;
    };
    if waits[first].evidence == waits[second].evidence {
        return found;
    }
    let mut knot = vec![first, second];
    knot.sort_by_key(|task| {
        let task = &census.tasks[*task];
        (&census.processes[task.process].who, task.tid)
    });
    found.truncate(1);
    found[0].ring = knot.iter().map(|it| (*it, Kind::FifoPeer)).collect();
    found[0].knot = knot;
    found
}

fn opener(found: &Found, waits: &[Wait]) -> Option<usize> {
    let [task] = found.knot[..] else { return None };
    let is_opening = matches!(waits[task].evidence, Some(Evidence::Fifo(_)));
    is_opening.then_some(task)
}

/// What two must do that `join` has found; `None` if it is something else.
pub(crate) fn missing(speaker: Speaker<'_>, found: &Found) -> Option<String> {
    let [(one, Kind::FifoPeer), (other, Kind::FifoPeer)] = found.ring[..]
    else {
        return None;
    };
    let known = speaker.0;
    let name = |task: usize| speaker.name(known.census.tasks[task].process);
    let fifo = |task: usize| speaker.object(&known.waits[task]);
    Some(format!(
        "{} waits in open for the other side of the FIFO {}, and {} in open \
         for that of {}. If each of them opens the other's FIFO next, they \
         wait for each other: both must open the two in one order.",
        name(one),
        fifo(one),
        name(other),
        fifo(other)
    ))
}
