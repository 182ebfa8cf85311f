//! What is worth noticing in a run, one sentence each.

use std::collections::{BTreeMap, BTreeSet};

use trace::{Ending, Who};

use crate::plain::clean;
use crate::story::{
    Blocked, Deed, End, Holding, Place, Process, Span, State, Story, duration,
};

/// How long a zombie may lie before that is worth a sentence, in
/// microseconds: a parent that waits for its children in turn leaves some for
/// a moment.
const LONG_US: u64 = 1_000_000;

/// More notices of one kind about processes of one role become one.
const FEW: usize = 3;

/// One thing worth noticing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// The process that it is about.
    pub who: Who,
    /// Which kind, in kebab case: `never-waited-for`. Stable.
    pub id: &'static str,
    /// Process, object, consequence. Fit for a terminal.
    pub sentence: String,
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
        let found = [
            looker.zombie(),
            looker.death(),
            looker.failed_exec(),
            looker.left_behind(),
            looker.waits_on_itself(),
        ];
        let found = found.into_iter().flatten();
        let ends = looker.leaks().into_iter().chain(looker.unused_ends());
        let rights = looker.withheld_rights();
        let ends = ends.chain(rights);
        all.extend(found.chain(ends).map(|notice| (process, notice)));
    }
    let mut all = fold(story, all);
    let first = Who::first();
    for (kind, object) in &story.leftovers {
        // Processes were named above, each with its own story.
        if kind != "process" && kind != "zombie" {
            let sentence = format!("the {kind} {object} was left behind");
            let who = first.clone();
            all.push(Notice { who, id: "name-left-behind", sentence });
        }
    }
    all
}

/// Says once what many processes of one role have in common.
fn fold(story: &Story, all: Vec<(usize, Notice)>) -> Vec<Notice> {
    let mut counts: BTreeMap<(&'static str, &str), usize> = BTreeMap::new();
    let key = |process: usize, id| (id, story.processes[process].name.as_str());
    for (process, notice) in &all {
        *counts.entry(key(*process, notice.id)).or_default() += 1;
    }
    let mut folded = Vec::new();
    for (process, mut notice) in all {
        let Some(count) = counts.get_mut(&key(process, notice.id)) else {
            continue; // the first of them spoke for it
        };
        if *count > FEW {
            let others = *count - 1;
            notice.sentence.push_str(&format!(" (and {others} more like it)"));
            counts.remove(&key(process, notice.id));
        }
        folded.push(notice);
    }
    folded
}

struct Looker<'a> {
    story: &'a Story,
    process: usize,
    index: &'a Index,
}

/// What would take a search each time.
struct Index {
    /// The ends through which bytes went, and whose bytes.
    moved: BTreeSet<(Place, usize)>,
    /// By process: its places in the story's holdings.
    held: Vec<Vec<usize>>,
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
        Self { moved, held }
    }

    /// Somebody who moved bytes through an end.
    fn mover(&self, place: Place) -> Option<usize> {
        let mut movers = self.moved.range((place, 0)..=(place, usize::MAX));
        movers.next().map(|(_, process)| *process)
    }
}

impl Looker<'_> {
    fn me(&self) -> &Process {
        &self.story.processes[self.process]
    }

    /// The ends of channels that a process ever held.
    fn held(&self, process: usize) -> impl Iterator<Item = &Holding> {
        let held = self.index.held[process].iter();
        held.map(|&number| &self.story.holdings[number])
    }

    fn notice(&self, id: &'static str, sentence: String) -> Notice {
        Notice { who: self.me().who.clone(), id, sentence }
    }

    fn zombie(&self) -> Option<Notice> {
        let (ended, _) = self.me().end.as_ref()?;
        let gone = self.story.gone_us(self.process)?;
        let guardian = self.me().guardian?;
        let lay = gone.saturating_sub(ended.t_us);
        let (me, parent) =
            (self.story.title(self.process), self.story.title(guardian));
        let died_first = self.story.processes[guardian]
            .end
            .as_ref()
            .is_none_or(|(end, _)| end.seq > ended.seq);
        if self.me().collected.is_some() {
            if lay < LONG_US {
                return None;
            }
            let sentence = format!(
                "{me} was a zombie for {}: {parent} waited for it only then",
                duration(lay)
            );
            return Some(self.notice("zombie-for-long", sentence));
        }
        let is_ignored = self.story.processes[guardian].ignores_children;
        if is_ignored || !died_first || !self.story.sees_waits() {
            return None;
        }
        let sentence = format!(
            "{me} was never waited for: it stayed a zombie for {}, until \
             {parent} ended",
            duration(lay)
        );
        Some(self.notice("never-waited-for", sentence))
    }

    fn death(&self) -> Option<Notice> {
        let Some((_, Ending::Signal { signal })) = &self.me().end else {
            return None;
        };
        let is_own_pipe = signal == "SIGPIPE"
            && self.me().marks.iter().any(|mark| {
                matches!(
                    mark.deed,
                    Deed::Broken { .. } | Deed::Io { is_write: true, .. }
                )
            });
        if is_own_pipe
            || !self.story.sees_waits()
            || self.story.is_killed_from_inside(self.process)
        {
            return None;
        }
        let me = self.story.title(self.process);
        let why = match signal.as_str() {
            "SIGSEGV" | "SIGBUS" | "SIGILL" | "SIGFPE" | "SIGTRAP" => {
                "its own instruction caused it"
            }
            "SIGXCPU" | "SIGXFSZ" | "SIGSYS" => {
                "it went over a limit that was set for it"
            }
            _ => "no process of this run sent it",
        };
        let sentence = format!("{me} was killed by {}: {why}", clean(signal));
        Some(self.notice("killed-from-outside", sentence))
    }

    /// A search along PATH fails several times before it succeeds; only one
    /// that never does is news.
    fn failed_exec(&self) -> Option<Notice> {
        let last =
            self.me().marks.iter().rev().find_map(|mark| match &mark.deed {
                Deed::Exec { .. } => Some(None),
                Deed::ExecFailed { path, errno } => Some(Some((path, errno))),
                _ => None,
            });
        let (path, errno) = last??;
        let sentence = format!(
            "{} could not execute {path} ({errno}) and ran on as it was",
            self.story.title(self.process)
        );
        Some(self.notice("exec-failed", sentence))
    }

    fn withheld_rights(&self) -> impl Iterator<Item = Notice> {
        self.me().withheld.iter().map(|(path, bit)| {
            let whose = if bit == "setgid" { "group" } else { "owner" };
            let sentence = format!(
                "{path} is {bit}: under observation {} runs without its \
                 {whose}'s rights",
                self.story.title(self.process)
            );
            self.notice("rights-withheld", sentence)
        })
    }

    fn left_behind(&self) -> Option<Notice> {
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
        if self.process == 0 || !is_left || is_all_over {
            return None;
        }
        let first = self.story.title(0);
        let sentence = format!(
            "{} was left behind: it still ran when {first} ended",
            self.story.title(self.process)
        );
        Some(self.notice("left-behind", sentence))
    }

    /// Ends above 2 that crossed an exec, and that the new program does not
    /// know of: it never used them.
    fn leaks(&self) -> Vec<Notice> {
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
                    End::Write => {
                        "no reader meets the end of file while it runs"
                    }
                    End::Read => "no writer meets a broken pipe while it runs",
                    _ => "the other side stays connected while it runs",
                };
                let sentence = format!(
                    "descriptor {} ({what}) leaked over exec into {}: {then}",
                    held.fd,
                    self.story.title(self.process)
                );
                Some(self.notice("descriptor-leaked-over-exec", sentence))
            })
            .collect()
    }

    /// A write end that was never written to and never closed, although
    /// somebody read until its end was awaited.
    fn unused_ends(&self) -> Vec<Notice> {
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
            let me = self.story.title(self.process);
            let then = if !is_write_end {
                "its own writes could never meet a broken pipe".to_owned()
            } else if reader == self.process || moved_here {
                "its own reading could never meet the end of file".to_owned()
            } else {
                let reader = self.story.title(reader);
                format!("until then {reader} could not meet the end of file")
            };
            let sentence =
                format!("{me} held the {what} unused until it ended: {then}");
            found.push(self.notice("end-never-closed", sentence));
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

    /// It was killed in a read whose write end it held itself, or in a write
    /// that only it could have read.
    fn waits_on_itself(&self) -> Option<Notice> {
        let (end, _) = self.me().end.as_ref()?;
        let waits = |span: &&Span| span.until_us >= end.t_us;
        let span = self.me().spans.iter().rev().find(waits)?;
        let State::Blocked(Blocked { kind, place: Some(place), .. }) =
            &span.state
        else {
            return None;
        };
        let needed = match kind.as_str() {
            "pipe-data" => Place { end: End::Write, ..*place },
            "pipe-room" => Place { end: End::Read, ..*place },
            _ => return None,
        };
        let mine = self.holder(self.process, needed, end.seq)?;
        let is_alone = (0..self.story.processes.len()).all(|other| {
            other == self.process
                || self.holder(other, needed, end.seq).is_none()
        });
        if !is_alone {
            return None;
        }
        let me = self.story.title(self.process);
        let label = &self.story.channels[place.channel].label;
        let then = if needed.end == End::Write {
            "the end of file could not come"
        } else {
            "nobody else could make room"
        };
        let (verb, what) = if needed.end == End::Write {
            ("reading", "write")
        } else {
            ("writing", "read")
        };
        let sentence = format!(
            "{me} waited on itself: {verb} {label}, it held the only {what} \
             end (descriptor {}), so {then}",
            mine.fd
        );
        Some(self.notice("waits-on-itself", sentence))
    }

    fn holder(
        &self,
        process: usize,
        place: Place,
        seq: u64,
    ) -> Option<&Holding> {
        self.held(process).find(|held| {
            held.place == Some(place)
                && held.from.seq < seq
                && held.until.is_none_or(|until| until.seq >= seq)
        })
    }
}
