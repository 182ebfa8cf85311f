//! Processes outside of the tree, which go on while they are looked at: they
//! begin and end, and move descriptors from one number to another.
//!
//! Nobody comes to a descriptor but by inheriting or receiving one. So if at
//! one moment no stranger has one, none will have one later. That moment is
//! the end of the last look: each process that was there then had been seen
//! after its beginning, and had nothing.

use std::collections::HashSet;

use crate::proc::{Descriptor, Proc};
use crate::tables::{Reader, Tables};

/// So often all processes are listed.
const ROUNDS: usize = 100;
/// So often one is looked at that never rests, if it has the same each time.
const LOOKS: usize = 12;
/// So often if it does not.
const MOST_LOOKS: usize = 60;

/// Shows `see` every process that is not `inside`, and again those that have
/// begun meanwhile, until there are no more. `false` if that has no end.
///
/// A chain of processes, each of which creates the next and ends, is met: a
/// list has the order of pids, and a new one is the largest. Where pids begin
/// anew meanwhile, it is listed once more.
pub(crate) fn visit(
    proc: Proc,
    is_inside: impl Fn(i32) -> bool,
    mut see: impl FnMut(i32),
) -> bool {
    let mut seen = HashSet::new();
    for _ in 0..ROUNDS {
        let before = proc.last_pid();
        let mut new = proc.pids();
        new.retain(|pid| !is_inside(*pid) && seen.insert(*pid));
        if new.is_empty() && before <= proc.last_pid() {
            return true;
        }
        new.into_iter().for_each(&mut see);
    }
    false
}

/// A thread, and what is another once it has run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Motion {
    tid: i32,
    state: char,
    switches: u64,
    tracer: i32,
}

fn motions(proc: Proc, pid: i32) -> Vec<Motion> {
    let tids = proc.tids(pid).into_iter();
    let motion = |tid| {
        let status = proc.status(tid)?;
        Some(Motion {
            tid,
            state: status.state,
            switches: status.switches,
            tracer: status.tracer,
        })
    };
    tids.filter_map(motion).collect()
}

/// A stranger's tables of descriptors, and who traces it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) tables: Tables,
    pub(crate) tracers: Vec<i32>,
}

/// Looks at a stranger until it has not run meanwhile. One that always runs
/// may have moved a descriptor from where the look had not come to where it
/// had been: of that one, all counts that was seen in any of many looks.
pub(crate) fn look_at(reader: &mut Reader, proc: Proc, pid: i32) -> Seen {
    let mut before = motions(proc, pid);
    let mut first: Option<Vec<(i32, Vec<Descriptor>)>> = None;
    let mut all = Tables::default();
    let mut is_restless = false;
    for look in 1..=MOST_LOOKS {
        let tids: Vec<i32> = before.iter().map(|it| it.tid).collect();
        let now = reader.tables(&tids);
        let after = motions(proc, pid);
        let has_rested =
            before == after && after.iter().all(|it| it.state != 'R');
        let is_refused = !now.is_complete && now.read.is_empty();
        before = after;
        is_restless |= first.as_ref().is_some_and(|first| *first != now.read);
        first.get_or_insert_with(|| now.read.clone());
        all.join(now);
        let is_us = pid == std::process::id() as i32; // and reads, just now
        if has_rested || is_refused || is_us || look >= LOOKS && !is_restless {
            break;
        }
    }
    let tracers = before.iter().map(|it| it.tracer).filter(|it| *it != 0);
    Seen { tables: all, tracers: tracers.collect() }
}
