//! What is worth noticing in a run, one sentence each.

use std::collections::BTreeSet;

use trace::{Ending, Who};

use crate::crowd::{Found, TIME, fold};
use crate::story::{Blocked, Deed, End, Holding, Place, Process, State, Story};
use crate::svg::sentence;

/// How long a zombie may lie before that is worth a sentence, in
/// microseconds: a parent that waits for its children in turn leaves some for
/// a moment.
const LONG_US: u64 = 1_000_000;

/// What an end that was kept too long did to its holder, and to several.
const OWN_WRITES: [&str; 2] = [
    "its own writes could never meet a broken pipe",
    "their own writes could never meet a broken pipe",
];
const OWN_READING: [&str; 2] = [
    "its own reading could never meet the end of file",
    "their own reading could never meet the end of file",
];

/// One thing worth noticing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// The process that it is about.
    pub who: Who,
    /// Which kind, in kebab case: `never-waited-for`. Stable.
    pub id: &'static str,
    /// Process, object, consequence. Fit for a terminal.
    pub sentence: String,
    /// The same without clock times, which differ from run to run.
    pub timeless: String,
}

/// Finds what is worth noticing in a run.
///
/// # Returns
/// In the order of the fork tree; none for a run that tidied up behind
/// itself, as a shell's pipeline does.
pub fn notices(story: &Story) -> Vec<Notice> {
    let index = Index::new(story);
    let mut all = Vec::new();
    for process in 0..story.processes.len() {
        let looker = Looker { story, process, index: &index };
        let hang = looker.hang();
        // An end that it waited on says all that the end kept open would.
        let unused = match hang {
            Some(_) => Vec::new(),
            None => looker.unused_ends(),
        };
        let found = [
            looker.zombie(),
            hang.or_else(|| looker.death()),
            looker.failed_exec(),
            looker.left_behind(),
        ];
        let ends = looker.leaks().into_iter().chain(unused);
        let ends =
            ends.chain(looker.withheld_rights()).chain(looker.refused_calls());
        all.extend(found.into_iter().flatten().chain(ends));
    }
    let mut all = fold(story, all);
    let first = Who::first();
    for (kind, object) in &story.leftovers {
        // Processes were named above, each with its own story.
        if kind != "process" && kind != "zombie" {
            let sentence = format!("the {kind} {object} was left behind");
            let who = first.clone();
            let (id, timeless) = ("name-left-behind", sentence.clone());
            all.push(Notice { who, id, sentence, timeless });
        }
    }
    all
}

pub(crate) struct Looker<'a> {
    pub(crate) story: &'a Story,
    pub(crate) process: usize,
    index: &'a Index,
}

/// What would take a search each time.
struct Index {
    /// The ends through which bytes went, and whose bytes.
    moved: BTreeSet<(Place, usize)>,
    /// By process: its places in the story's holdings.
    held: Vec<Vec<usize>>,
    /// When the first of those that were stuck ended: until then nothing
    /// moved any more.
    hang_seq: Option<u64>,
}

impl Index {
    fn new(story: &Story) -> Self {
        let mut moved = BTreeSet::new();
        for (process, me) in story.processes.iter().enumerate() {
            for mark in &me.marks {
                if let Deed::Io { place, .. } = mark.deed {
                    moved.insert((place, process));
                }
            }
        }
        let mut held = vec![Vec::new(); story.processes.len()];
        for (number, holding) in story.holdings.iter().enumerate() {
            if holding.place.is_some() {
                held[holding.process].push(number);
            }
        }
        let stuck = (0..story.processes.len())
            .filter(|&process| story.last_hang(process).is_some());
        let ends = stuck.filter_map(|process| {
            Some(story.processes[process].end.as_ref()?.0.seq)
        });
        Self { moved, held, hang_seq: ends.min() }
    }

    /// Who held an end while everybody was stuck.
    fn holders<'a>(&self, story: &'a Story, place: Place) -> Vec<&'a Holding> {
        let Some(seq) = self.hang_seq else { return Vec::new() };
        let is_held = |held: &&Holding| {
            held.place == Some(place)
                && held.from.seq < seq
                && held.until.is_none_or(|until| until.seq >= seq)
        };
        let mut holders: Vec<&Holding> =
            story.holdings.iter().filter(is_held).collect();
        holders.sort_by_key(|held| (held.process, held.fd));
        holders
    }

    /// Somebody who moved bytes through an end.
    fn mover(&self, place: Place) -> Option<usize> {
        let mut movers = self.moved.range((place, 0)..=(place, usize::MAX));
        movers.next().map(|(_, process)| *process)
    }
}

impl Looker<'_> {
    pub(crate) fn me(&self) -> &Process {
        &self.story.processes[self.process]
    }

    /// The ends of channels that a process ever held.
    fn held(&self, process: usize) -> impl Iterator<Item = &Holding> {
        let held = self.index.held[process].iter();
        held.map(|&number| &self.story.holdings[number])
    }

    /// # Arguments
    /// `says` is the sentence behind the name of this process, `of_many` the
    /// same behind the names of several.
    pub(crate) fn found(
        &self,
        id: &'static str,
        says: &str,
        of_many: &str,
    ) -> Found {
        Found::new(self.process, id, [says, of_many])
    }

    fn zombie(&self) -> Option<Found> {
        let (ended, _) = self.me().end.as_ref()?;
        let gone = self.story.gone_us(self.process)?;
        let guardian = self.me().guardian?;
        let lay = gone.saturating_sub(ended.t_us);
        let parent = self.story.title(guardian);
        let died_first = self.story.processes[guardian]
            .end
            .as_ref()
            .is_none_or(|(end, _)| end.seq > ended.seq);
        if self.me().collected.is_some() {
            if lay < LONG_US {
                return None;
            }
            let then = format!(": {parent} waited for");
            let found = self.found(
                "zombie-for-long",
                &format!(" was a zombie for {TIME}{then} it only then"),
                &format!(" were zombies for up to {TIME}{then} them only then"),
            );
            return Some(found.taking(lay));
        }
        if self.me().is_unwanted || !died_first || !self.story.sees_waits() {
            return None;
        }
        let then = format!("{TIME} until {parent} ended");
        let found = self.found(
            "never-waited-for",
            &format!(" was never waited for: it stayed a zombie for {then}"),
            &format!(
                " were never waited for: they stayed zombies for up to {then}"
            ),
        );
        Some(found.taking(lay))
    }

    fn left_behind(&self) -> Option<Found> {
        let (first_end, _) = self.story.processes.first()?.end.as_ref()?;
        let is_left = match &self.me().end {
            Some((end, _)) => end.seq > first_end.seq,
            None => true,
        };
        // Who ends the first process from outside ends the others as well.
        let is_all_over = !matches!(
            self.story.processes[0].end,
            Some((_, Ending::Code { .. }))
        ) && !self.story.is_killed_from_inside(0)
            && self.me().end.is_some();
        let is_tied = self.story.died_with_parent(self.process).is_some();
        if self.process == 0 || !is_left || is_all_over || is_tied {
            return None;
        }
        let first = self.story.title(0);
        Some(self.found(
            "left-behind",
            &format!(" was left behind: it still ran when {first} ended"),
            &format!(" were left behind: they still ran when {first} ended"),
        ))
    }

    /// Ends above 2 that crossed an exec, and that the new program does not
    /// know of: it never used them.
    fn leaks(&self) -> Vec<Found> {
        let is_leak = |held: &&Holding| {
            held.fd > 2
                && held.kept_over_exec.is_some()
                && !held.is_used
                && held.until == self.me().end.as_ref().map(|(at, _)| *at)
        };
        let leaks = self.held(self.process).filter(is_leak);
        leaks
            .filter_map(|held| {
                let place = held.place?;
                let what = self.story.place(place);
                let then = match place.end {
                    End::Write => "no reader meets the end of file",
                    End::Read => "no writer meets a broken pipe",
                    _ => "the other side stays connected",
                };
                let fd = held.fd;
                let found = self.found(
                    "descriptor-leaked-over-exec",
                    &format!(": {then} while it runs"),
                    &format!(": {then} while one of them runs"),
                );
                let before =
                    format!("descriptor {fd} ({what}) leaked over exec into ");
                Some(found.behind(before))
            })
            .collect()
    }

    /// A write end that was never written to and never closed, although
    /// somebody read until its end was awaited.
    fn unused_ends(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for &place in &self.me().held_at_end {
            if !matches!(place.end, End::Read | End::Write)
                || !self.only_high_descriptors(place)
                || self.moved(self.process, place)
            {
                continue;
            }
            let moved_here = self.moved(self.process, place.other());
            let is_write_end = place.end == End::Write;
            let reader = self.index.mover(place.other());
            // A read end too many matters only to who writes there.
            let Some(reader) = reader.filter(|_| moved_here || is_write_end)
            else {
                continue;
            };
            let what = self.story.place(place);
            let [ended, then] = if !is_write_end {
                OWN_WRITES.map(str::to_owned)
            } else if reader == self.process || moved_here {
                OWN_READING.map(str::to_owned)
            } else {
                let reader = self.story.title(reader);
                let then = "could not meet the end of file";
                ["until then", "until then"]
                    .map(|until| format!("{until} {reader} {then}"))
            };
            let held = format!(" held the {what} unused until");
            found.push(self.found(
                "end-never-closed",
                &format!("{held} it ended: {ended}"),
                &format!("{held} they ended: {then}"),
            ));
        }
        found
    }

    /// Whether it held the end at its end by descriptors above 2 that did
    /// not come over an exec: those are reported as leaks.
    fn only_high_descriptors(&self, place: Place) -> bool {
        let end = self.me().end.as_ref().map(|(at, _)| *at);
        self.held(self.process)
            .filter(|held| held.place == Some(place) && held.until == end)
            .all(|held| held.fd > 2 && held.kept_over_exec.is_none())
    }

    fn moved(&self, process: usize, place: Place) -> bool {
        self.index.moved.contains(&(place, process))
    }

    /// It sat in a wait until a kill came, in which it may have waited on
    /// itself: for what it alone could do.
    fn hang(&self) -> Option<Found> {
        let span = &self.me().spans[self.story.last_hang(self.process)?];
        let State::Blocked(on) = &span.state else { return None };
        let waits = sentence("wait", &self.story.waiting(on));
        let stuck = |more: &str| {
            self.found(
                "stuck",
                &format!(" was stuck until it was killed: it {waits}{more}"),
                &format!(
                    " were stuck until they were killed: each {waits}{more}"
                ),
            )
        };
        let Some((place, needed)) = needed(on) else {
            return Some(stuck(""));
        };
        let holders = self.index.holders(self.story, needed);
        let is_mine = |held: &&Holding| held.process == self.process;
        if let Some(mine) =
            holders.first().filter(|_| holders.iter().all(is_mine))
        {
            return Some(self.waits_on_itself(place, needed, mine.fd));
        }
        let list: Vec<String> = holders
            .iter()
            .map(|held| {
                let who = self.story.letter(held.process);
                format!("{who} ({})", held.fd)
            })
            .collect();
        let list = match list.is_empty() {
            true => "nobody".to_owned(),
            false => list.join(", "),
        };
        let end = self.story.place(needed);
        Some(stuck(&format!("; the {end} was held by {list}")))
    }

    /// It waited at one end for what only its own other end could do.
    fn waits_on_itself(&self, place: Place, needed: Place, fd: i32) -> Found {
        let label = &self.story.channels[place.channel].label;
        let (verb, end, then) = match needed.end {
            End::Write => {
                ("reading", "write", "the end of file could not come")
            }
            _ => ("writing", "read", "nobody else could make room"),
        };
        let says = format!(
            " waited on itself: {verb} {label}, it held the only {end} end \
             (descriptor {fd}), so {then}"
        );
        self.found("waits-on-itself", &says, &says)
    }
}

/// The place where it waits, and the end that could end that.
fn needed(on: &Blocked) -> Option<(Place, Place)> {
    let place = on.place?;
    let end = match on.kind.as_str() {
        "pipe-data" => End::Write,
        "pipe-room" => End::Read,
        _ => return None,
    };
    Some((place, Place { end, ..place }))
}
