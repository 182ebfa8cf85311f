//! Which close(2) is missing, and in whom.
//!
//! Not every process that has a write end open has forgotten to close it: a
//! filter has one as its output, and waits to read first. So whoever goes on
//! once the others have closed theirs is not told to close its output.

use std::collections::HashSet;

use crate::causes::Found;
use crate::holdings::Holding;
use crate::says::Speaker;
use crate::wait::{Kind, Wait, Waker};

/// As many calls are named, and of as many pipes.
const NAMED: usize = 4;
/// Of larger knots it is not followed who would go on.
const FOLLOWED: usize = 64;

/// A write end that is open, at which somebody of the knot reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Open {
    group: usize,
    process: usize,
    fd: i32,
}

/// A knot, and the write ends in it.
#[derive(Clone, Copy, Debug)]
struct Knot<'a> {
    speaker: Speaker<'a>,
    tasks: &'a [usize],
}

/// Every close(2) that is missing: in the waiting process itself, and in
/// those who keep the end open while they wait too.
pub(crate) fn missing(speaker: Speaker<'_>, found: &Found) -> String {
    let knot = Knot { speaker, tasks: &found.knot };
    let all = knot.write_ends();
    let mut first: Vec<usize> = Vec::new();
    for open in &all {
        if !first.contains(&open.group) && first.len() < NAMED {
            first.push(open.group);
        }
    }
    let is_followed = knot.tasks.len() <= FOLLOWED;
    let others: Vec<Open> = match is_followed {
        true => all.iter().copied().filter(|it| !knot.is_output(it)).collect(),
        false => all.clone(),
    };
    let going_on = knot.going_on(&others);
    let is_missing = |it: &&Open| {
        first.contains(&it.group)
            && (others.contains(it) || !going_on.contains(&it.process))
    };
    let mut missing: Vec<(Open, bool)> = all
        .iter()
        .filter(is_missing)
        .map(|it| (*it, is_followed && knot.may_be_wanted(it, &others)))
        .collect();
    missing.dedup_by_key(|(it, _)| (it.process, it.fd));
    // Who waits for a child closes too late; who reads, holds by accident.
    missing.sort_by_key(|(it, may_be_wanted)| {
        (*may_be_wanted, speaker.waits_for_child(it.process))
    });
    let more = missing.len().saturating_sub(NAMED);
    let named: Vec<String> = missing
        .into_iter()
        .take(NAMED)
        .map(|(it, may_be_wanted)| close(speaker, it, may_be_wanted))
        .collect();
    match more {
        0 => format!("{}.", named.join("; ")),
        more => format!("{}; and {more} more.", named.join("; ")),
    }
}

impl Knot<'_> {
    /// All that keep somebody of the knot from the end of what it reads.
    fn write_ends(self) -> Vec<Open> {
        let mut groups = Vec::new();
        let waits = self.tasks.iter().map(|it| &self.speaker.0.waits[*it]);
        for wait in waits.flat_map(Wait::each).filter(|it| is_read(it)) {
            for waker in &wait.wakers {
                if let Waker::Group(group) = waker
                    && !groups.contains(group)
                {
                    groups.push(*group);
                }
            }
        }
        let of = |group: usize| {
            let holders = &self.speaker.0.groups[group].holders;
            holders.iter().filter_map(move |it| {
                Some(Open { group, process: it.process?, fd: it.fd? })
            })
        };
        groups.into_iter().flat_map(of).collect()
    }

    /// Whether its process has this end as standard output or standard error,
    /// and is not the one that reads there.
    fn is_output(self, open: &Open) -> bool {
        let holders = self.speaker.0.groups[open.group].holders.iter();
        let mut its = holders.filter(|it| it.process == Some(open.process));
        its.any(|it| matches!(it.fd, Some(1 | 2)))
            && !self.reads(open.process, open.group)
    }

    fn reads(self, process: usize, group: usize) -> bool {
        let known = self.speaker.0;
        let tasks = known.census.processes[process].tasks.iter();
        let mut waits = tasks.flat_map(|task| known.waits[*task].each());
        waits.any(|it| is_read(it) && it.wakers.contains(&Waker::Group(group)))
    }

    /// Whether nobody can tell that it is not its output: it waits for other
    /// input, and would get it if others closed theirs.
    fn may_be_wanted(self, open: &Open, others: &[Open]) -> bool {
        let Open { process, group, .. } = *open;
        if self.speaker.waits_for_child(process) || self.reads(process, group) {
            return false;
        }
        let is_other = |it: &&Open| it.process != process;
        let others: Vec<Open> =
            others.iter().filter(is_other).copied().collect();
        self.going_on(&others).contains(&process)
    }

    /// The processes that would go on if these ends were closed: at the end of
    /// what they read, or since somebody goes on for whom they wait.
    fn going_on(self, closed: &[Open]) -> HashSet<usize> {
        let mut going = HashSet::new();
        if self.tasks.len() > FOLLOWED {
            return going;
        }
        let known = self.speaker.0;
        loop {
            let before = going.len();
            for task in self.tasks {
                let mut each = known.waits[*task].each().into_iter();
                if each.any(|it| self.ends(it, closed, &going)) {
                    going.insert(known.census.tasks[*task].process);
                }
            }
            if going.len() == before {
                return going;
            }
        }
    }

    fn ends(
        self,
        wait: &Wait,
        closed: &[Open],
        going: &HashSet<usize>,
    ) -> bool {
        let known = self.speaker.0;
        wait.wakers.iter().any(|waker| match waker {
            Waker::Task(task) => {
                going.contains(&known.census.tasks[*task].process)
            }
            Waker::Process(process) => going.contains(process),
            Waker::Group(group) => {
                let is_closed = |process: usize, fd: i32| {
                    closed.contains(&Open { group: *group, process, fd })
                };
                let holders = known.groups[*group].holders.iter();
                let mut left = holders.filter(|it| {
                    let closed = it.process.zip(it.fd);
                    !closed.is_some_and(|(process, fd)| is_closed(process, fd))
                });
                let goes_on = |it: &Holding| {
                    it.process.is_some_and(|it| going.contains(&it))
                };
                match is_read(wait) {
                    true => left.clone().next().is_none() || left.any(goes_on),
                    false => left.any(goes_on),
                }
            }
            _ => false,
        })
    }
}

fn is_read(wait: &Wait) -> bool {
    matches!(wait.kind, Kind::PipeData | Kind::SocketData)
}

fn close(speaker: Speaker<'_>, open: Open, may_be_wanted: bool) -> String {
    let Open { process, fd, .. } = open;
    let census = speaker.0.census;
    let tasks = &census.processes[process].tasks;
    let waits = tasks.iter().map(|task| &speaker.0.waits[*task]);
    let name = speaker.name(process);
    if waits.clone().any(|wait| wait.fd == Some(fd)) {
        return format!(
            "{name} must open what it reads for reading only: descriptor \
             {fd} is a write end, too"
        );
    }
    let when = if speaker.waits_for_child(process) {
        "before it waits for its child"
    } else if census.processes.len() == 1 {
        "before it reads"
    } else if may_be_wanted {
        "after the fork, if it is not to write there"
    } else {
        "after the fork"
    };
    format!("close({fd}) is missing in {name}, {when}")
}
