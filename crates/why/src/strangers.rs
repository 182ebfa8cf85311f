//! Processes outside of the tree, which go on while they are looked at: they
//! begin and end, and move descriptors from one number to another.
//!
//! Nobody comes to a descriptor but by inheriting or receiving one. So if at
//! one moment no stranger has one, none will have one later. That moment is
//! the end of the last look: each process that was there then had been seen
//! after its beginning, and had nothing.

use std::collections::{HashMap, HashSet};

use crate::proc::{Descriptor, Object, Proc};
use crate::same::Place;
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

/// Everybody outside, with what was seen of each.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    all: Vec<(i32, Seen)>,
    /// Whether everybody was looked at who was there at the end.
    pub(crate) is_settled: bool,
}

/// What a later look at a stranger has shown who had run since, or begun.
#[derive(Debug)]
pub(crate) struct Restless {
    pub(crate) pid: i32,
    /// Its descriptors, each with the thread through whose table it was read.
    pub(crate) holds: Vec<(i32, Descriptor)>,
}

impl Restless {
    pub(crate) fn sockets(&self) -> impl Iterator<Item = u64> {
        let all = self.holds.iter().map(|it| &it.1.object);
        all.filter_map(|object| match object {
            Object::Socket(inode) => Some(*inode),
            _ => None,
        })
    }
}

impl Strangers {
    pub(crate) fn look(
        reader: &mut Reader,
        proc: Proc,
        is_inside: impl Fn(i32) -> bool,
    ) -> Self {
        let mut all = Self::default();
        all.find_new(reader, proc, is_inside);
        all
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = &(i32, Seen)> {
        self.all.iter()
    }

    /// Their sockets, and where each is to be found.
    pub(crate) fn sockets(&self) -> HashMap<u64, Vec<Place>> {
        let mut sockets: HashMap<u64, Vec<Place>> = HashMap::new();
        let tables = self.all.iter().flat_map(|(_, seen)| &seen.tables.read);
        for (tid, list) in tables {
            for descriptor in list {
                if let Object::Socket(inode) = descriptor.object {
                    let places = sockets.entry(inode).or_default();
                    places.push((*tid, descriptor.fd));
                }
            }
        }
        sockets
    }

    /// Those who were not there before; their places.
    fn find_new(
        &mut self,
        reader: &mut Reader,
        proc: Proc,
        is_inside: impl Fn(i32) -> bool,
    ) -> std::ops::Range<usize> {
        let before = self.all.len();
        let known: HashSet<i32> = self.all.iter().map(|it| it.0).collect();
        let is_known = |pid| known.contains(&pid) || is_inside(pid);
        let mut new = Vec::new();
        self.is_settled = visit(proc, is_known, |pid| {
            // Threads of the kernel hold nothing.
            let stat = proc.stat(pid);
            if stat.is_some_and(|stat| !stat.is_of_the_kernel()) {
                new.push((pid, look_at(reader, proc, pid)));
            }
        });
        new.retain(|(_, seen)| seen.is_there());
        self.all.extend(new);
        before..self.all.len()
    }

    /// Looks again at those who have run since they were looked at, and at
    /// those who have begun since. If that is nobody, all others were at rest
    /// at the moment when this look began, and had what was seen.
    pub(crate) fn look_again(
        &mut self,
        reader: &mut Reader,
        proc: Proc,
        is_inside: impl Fn(i32) -> bool,
    ) -> Vec<Restless> {
        let known = self.all.len();
        let mut restless = Vec::new();
        for (pid, seen) in self.all[..known].iter_mut() {
            let now = motions(proc, *pid);
            if is_us(*pid) || now == seen.motions && is_at_rest(&now) {
                continue;
            }
            seen.tables = reader.tables(&tids(&now));
            seen.motions = now;
            restless.push(seen.as_restless(*pid));
        }
        for place in self.find_new(reader, proc, is_inside) {
            let (pid, seen) = &self.all[place];
            restless.push(seen.as_restless(*pid));
        }
        self.all.retain(|(_, seen)| seen.is_there());
        restless
    }
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

/// Whoever runs all the time is not switched.
fn is_at_rest(motions: &[Motion]) -> bool {
    motions.iter().all(|it| it.state != 'R')
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

    /// Its descriptors, each with the thread through whose table it was read.
    pub(crate) fn held(&self) -> impl Iterator<Item = (i32, &Descriptor)> {
        let all = self.tables.read.iter();
        all.flat_map(|(tid, list)| list.iter().map(|it| (*tid, it)))
    }

    /// The names of its threads, those of the kernel among them.
    pub(crate) fn names(
        &self,
        proc: Proc,
        pid: i32,
    ) -> impl Iterator<Item = String> {
        let tids = self.motions.iter().map(|it| it.tid);
        let stats = tids.filter_map(move |tid| proc.thread_stat(pid, tid));
        stats.map(|stat| stat.name)
    }

    fn as_restless(&self, pid: i32) -> Restless {
        let holds = self.held().map(|(tid, it)| (tid, it.clone()));
        Restless { pid, holds: holds.collect() }
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
            let has_rested = before == after && is_at_rest(&after);
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

/// What a descriptor is that was seen a moment ago.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Compared {
    /// What is looked for, or it may be.
    Same,
    Other,
    /// It is closed, or has another number.
    Gone,
}

/// Whether a stranger has what `compare` looks for: each time its tables are
/// read, what stands there is compared at once. Of one that always runs, a
/// look counts in which all that was read could still be compared; if there
/// is none, it may have it.
pub(crate) fn may_have(
    reader: &mut Reader,
    proc: Proc,
    pid: i32,
    compare: impl Fn(Place, &Descriptor) -> Compared,
) -> bool {
    let mut was_clear = false;
    for _ in 0..MOST_LOOKS {
        let before = motions(proc, pid);
        let now = reader.tables(&tids(&before));
        let mut is_clear = now.is_complete;
        for (tid, list) in &now.read {
            for descriptor in list {
                match compare((*tid, descriptor.fd), descriptor) {
                    Compared::Same => return true,
                    Compared::Other => {}
                    Compared::Gone => is_clear = false,
                }
            }
        }
        let after = motions(proc, pid);
        if is_clear && before == after && is_at_rest(&after) {
            return false;
        }
        was_clear |= is_clear;
    }
    !was_clear
}
