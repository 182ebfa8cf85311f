//! Who was stuck when a kill ended the run, and who only happened to wait:
//! for time, for somebody outside, or for one who could still go on.

use std::collections::{BTreeMap, BTreeSet};

use trace::Ending;

use crate::story::{Blocked, Deed, End, Place, Span, State, Story};

impl Story {
    /// Marks the processes that could have gone on by themselves, or be woken
    /// by one that could: what is left when the others are taken away.
    pub(crate) fn find_movers(&mut self) {
        let all = 0..self.processes.len();
        let sitting: BTreeMap<usize, usize> = all
            .filter_map(|process| Some((process, self.last_wait(process)?)))
            .collect();
        let ends = sitting.keys().filter_map(|process| {
            Some(self.processes[*process].end.as_ref()?.0.seq)
        });
        let Some(seq) = ends.min() else { return };
        let mut hang = Hang::new(self, seq);
        let mut left: Vec<(usize, usize)> = sitting.into_iter().collect();
        loop {
            let (moving, still): (Vec<_>, Vec<_>) = left
                .iter()
                .partition(|(process, span)| hang.may_move(*process, *span));
            hang.moving.extend(moving.iter().map(|(process, _)| *process));
            left = still;
            if moving.is_empty() {
                break;
            }
        }
        for process in hang.moving {
            self.processes[process].is_moving = true;
        }
    }

    /// The wait of a first thread that only a kill ended.
    fn last_wait(&self, process: usize) -> Option<usize> {
        self.processes[process]
            .spans
            .iter()
            .rposition(|it| it.thread == 0 && self.is_cut_short(process, it))
    }

    /// Whether it sat in this wait when a signal from outside ended it.
    pub(crate) fn is_cut_short(&self, process: usize, span: &Span) -> bool {
        let me = &self.processes[process];
        let Some((end, Ending::Signal { signal })) = &me.end else {
            return false;
        };
        // The kill ends the wait a little before it ends the process.
        let after = end.t_us.saturating_sub(span.until_us);
        let waited = span.until_us.saturating_sub(span.from_us);
        let did_something = || {
            me.marks.iter().any(|mark| {
                mark.deed != Deed::Exit
                    && mark.thread == span.thread
                    && mark.at.t_us > span.until_us
            })
        };
        signal == "SIGKILL"
            && self.sees_waits()
            && after <= waited / 20
            && !did_something()
            && !self.is_killed_from_inside(process)
            && self.died_with_parent(process).is_none()
    }
}

/// The moment before the first kill.
struct Hang<'a> {
    story: &'a Story,
    is_there: Vec<bool>,
    holders: BTreeMap<Place, BTreeSet<usize>>,
    moving: BTreeSet<usize>,
}

impl<'a> Hang<'a> {
    fn new(story: &'a Story, seq: u64) -> Self {
        let mut holders: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for held in &story.holdings {
            let is_held = held.from.seq < seq
                && held.until.is_none_or(|until| until.seq >= seq);
            if let Some(place) = held.place.filter(|_| is_held) {
                holders.entry(place).or_default().insert(held.process);
            }
        }
        let is_there = |me: &crate::story::Process| {
            let end = me.end.as_ref();
            me.birth.seq < seq && end.is_none_or(|(end, _)| end.seq >= seq)
        };
        let is_there: Vec<bool> =
            story.processes.iter().map(is_there).collect();
        let runs = |process: &usize| {
            is_there[*process] && story.last_wait(*process).is_none()
        };
        let moving = (0..is_there.len()).filter(runs).collect();
        Self { story, is_there, holders, moving }
    }

    /// Whether a wait may end by itself, or by one who moves.
    fn may_move(&self, process: usize, span: usize) -> bool {
        let me = &self.story.processes[process];
        let State::Blocked(on) = &me.spans[span].state else { return false };
        let is_threaded = me.threads.len() > 1;
        let others = || self.moving.iter().any(|it| *it != process);
        match on.kind.as_str() {
            "sleep" | "poll" | "terminal" => true,
            "child" => self.children(process, on).any(|it| self.moves(it)),
            "pipe-data" | "pipe-room" => match on.place {
                // Who moves may open it.
                _ if is_fifo(on) => others(),
                Some(place) => self
                    .holders_of(place, on)
                    .any(|it| it != process && self.moves(it)),
                None => true, // its other side is outside of the run
            },
            // Who could end it is not known.
            _ => others() || is_threaded && self.has_awake_thread(process),
        }
    }

    fn moves(&self, process: usize) -> bool {
        self.moving.contains(&process)
    }

    fn children(
        &self,
        process: usize,
        on: &Blocked,
    ) -> impl Iterator<Item = usize> {
        let awaited = on.child;
        let all = self.story.processes.iter().enumerate();
        all.filter(move |(child, it)| {
            // Whom a kill has made an orphan was its child until then.
            [it.guardian, it.parent].contains(&Some(process))
                && self.is_there[*child]
                && awaited.is_none_or(|awaited| awaited == *child)
        })
        .map(|(child, _)| child)
    }

    fn holders_of(
        &self,
        place: Place,
        on: &Blocked,
    ) -> impl Iterator<Item = usize> {
        let end = match on.kind.as_str() {
            "pipe-data" => End::Write,
            _ => End::Read,
        };
        let needed = Place { end, ..place };
        self.holders.get(&needed).into_iter().flatten().copied()
    }

    /// Whether another thread of it did not wait to the end, or for time.
    fn has_awake_thread(&self, process: usize) -> bool {
        let me = &self.story.processes[process];
        let is_asleep = |thread: usize| {
            let mut spans = me.spans.iter().rev();
            let last = spans.find(|span| span.thread == thread);
            last.is_some_and(|span| {
                self.story.is_cut_short(process, span)
                    && !matches!(&span.state, State::Blocked(on)
                        if matches!(on.kind.as_str(), "sleep" | "poll"))
            })
        };
        (1..me.threads.len())
            .filter(|thread| me.threads[*thread].end.is_none())
            .any(|thread| !is_asleep(thread))
    }
}

fn is_fifo(on: &Blocked) -> bool {
    on.object.as_ref().is_some_and(|it| it.starts_with("fifo:"))
}
