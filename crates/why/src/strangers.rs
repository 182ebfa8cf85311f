//! Processes outside of the tree, which go on while they are looked at: they
//! begin and end, and move descriptors from one number to another.
//!
//! Nobody comes to a descriptor but by inheriting or receiving one. So if at
//! one moment no stranger has one, none will have one later. That moment is
//! the end of the last look: each process that was there then had been seen
//! after its beginning, and had nothing.

use std::collections::HashSet;

use crate::proc::{Descriptor, Object, Proc};
use crate::tables::{Reader, Tables};

/// So often all processes are listed.
const ROUNDS: usize = 100;
/// So often one is looked at that never rests, if it has the same each time.
const LOOKS: usize = 12;
/// So often if it does not.
const MOST_LOOKS: usize = 30;
/// After so many it is not awaited any longer that one rests.
const PATIENCE: usize = 3;

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

/// So often those are looked at again who may have been sent something.
const AGAIN: usize = 10;

/// Everybody outside with what was seen of him; and whether that is everybody
/// who was there at the end.
pub(crate) fn look_at_all(
    reader: &mut Reader,
    proc: Proc,
    is_inside: impl Fn(i32) -> bool,
) -> (Vec<(i32, Seen)>, bool) {
    let mut all = Vec::new();
    let is_settled = visit(proc, is_inside, |pid| {
        // Threads of the kernel hold nothing.
        let stat = proc.stat(pid);
        if stat.is_some_and(|stat| !stat.is_of_the_kernel()) {
            all.push((pid, look_at(reader, proc, pid)));
        }
    });
    // Those with a socket may have sent each other what they have, from one
    // that was not yet looked at to one that was.
    all.retain(|(_, seen)| seen.is_there());
    for _ in 0..AGAIN {
        let mut has_moved = false;
        for (pid, seen) in all.iter_mut().filter(|it| it.1.has_socket()) {
            let now = motions(proc, *pid);
            if now != seen.motions && !is_us(*pid) {
                has_moved = true;
                seen.tables.join(reader.tables(&tids(&now)));
                seen.motions = now;
            }
        }
        if !has_moved {
            break;
        }
    }
    (all, is_settled)
}

/// Whoever asks reads just now.
fn is_us(pid: i32) -> bool {
    pid == std::process::id() as i32
}

/// A thread, and what is another once it has run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Motion {
    tid: i32,
    state: char,
    switches: u64,
    tracer: i32,
}

fn tids(motions: &[Motion]) -> Vec<i32> {
    motions.iter().map(|it| it.tid).collect()
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

/// A stranger's tables of descriptors, and its threads after that.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) tables: Tables,
    motions: Vec<Motion>,
}

impl Seen {
    /// The threads that trace it.
    pub(crate) fn tracers(&self) -> impl Iterator<Item = i32> {
        let tracers = self.motions.iter().map(|it| it.tracer);
        tracers.filter(|it| *it != 0)
    }

    fn has_socket(&self) -> bool {
        let is_socket =
            |it: &Descriptor| matches!(it.object, Object::Socket(_));
        self.tables.read.iter().any(|(_, list)| list.iter().any(is_socket))
    }

    /// Whether there was anything to look at: others have ended meanwhile.
    fn is_there(&self) -> bool {
        !self.tables.read.is_empty() || !self.tables.is_complete
    }
}

/// Looks at a stranger until it has not run meanwhile. One that always runs
/// may have moved a descriptor from where the look had not come to where it
/// had been: of that one, all counts that was seen in any of many looks.
fn look_at(reader: &mut Reader, proc: Proc, pid: i32) -> Seen {
    let mut before = motions(proc, pid);
    let mut all = reader.tables(&tids(&before));
    let first = all.read.clone();
    let mut is_restless = false;
    for look in 1..MOST_LOOKS {
        if look <= PATIENCE {
            let after = motions(proc, pid);
            let has_rested =
                before == after && after.iter().all(|it| it.state != 'R');
            before = after;
            let is_refused = !all.is_complete && all.read.is_empty();
            if has_rested || is_refused || is_us(pid) {
                break;
            }
        }
        if look >= LOOKS && !is_restless {
            break;
        }
        let gaps = reader.gaps;
        let now = reader.tables(&tids(&before));
        is_restless |= gaps != reader.gaps || first != now.read;
        all.join(now);
    }
    Seen { tables: all, motions: before }
}
