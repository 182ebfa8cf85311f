//! Lanes in clock time.

use std::collections::{BTreeMap, BTreeSet};

use trace::Ending;

use crate::canvas::{Ink, Line};
use crate::lanes::Sheet;
use crate::plain::{ascii, columns, cut};
use crate::says;
use crate::scale::Scale;
use crate::story::{Deed, Process, Span, State, duration};

pub(crate) fn draw(sheet: &Sheet<'_>) -> String {
    let heads = sheet.heads(true);
    let head = heads.first().map_or(0, |head| columns(head));
    let endings = sheet
        .lanes
        .all
        .iter()
        .map(|lane| columns(&sheet.story.ending(lane.process)) + 1);
    let tail = endings.max().unwrap_or(0).min(sheet.width / 4);
    let plot = Plot {
        sheet,
        scale: Scale::new(sheet.story),
        columns: sheet.width.saturating_sub(head + tail).max(4),
        tail,
    };
    let mut out = String::new();
    let mut used = BTreeSet::new();
    for (lane, head) in heads.iter().enumerate() {
        let line = plot.lane(sheet.lanes.all[lane].process, &mut used);
        if sheet.style.ascii {
            out.push_str(&ascii(head));
        } else {
            out.push_str(head);
        }
        line.print(&mut out, 0, plot.columns + tail, &sheet.style);
        out.push('\n');
    }
    out.push_str(&" ".repeat(head));
    plot.axis().print(&mut out, 0, plot.columns + tail, &sheet.style);
    out.push('\n');
    out.push_str(&plot.legend(&used));
    out
}

struct Plot<'a> {
    sheet: &'a Sheet<'a>,
    scale: Scale,
    columns: usize,
    tail: usize,
}

impl Plot<'_> {
    fn place(&self, t_us: u64) -> f64 {
        let columns = self.columns as f64;
        self.scale.at(t_us) * columns
    }

    fn column(&self, t_us: u64) -> usize {
        let column = self.place(t_us) as usize;
        column.min(self.columns - 1)
    }

    fn lane(&self, process: usize, used: &mut BTreeSet<char>) -> Line {
        let story = self.sheet.story;
        let signs = self.sheet.signs;
        let me = &story.processes[process];
        let mut line = Line::default();
        let from = self.column(me.birth.t_us);
        let until_us = me.end.as_ref().map_or(story.end_us, |(at, _)| at.t_us);
        let until = self.column(until_us).max(from);
        for at in from..=until {
            line.put(at, signs.run, Ink::Run);
        }
        self.rest(me, until_us, from..until + 1, &mut line);
        if let Some(gone) = story.gone_us(process) {
            for at in until + 1..self.column(gone) + 1 {
                line.put(at, signs.zombie, Ink::Zombie);
            }
        }
        self.gaps(&mut line);
        let marks = self.marks(process, from, until);
        self.labels(process, &marks, from..until + 1, &mut line);
        for (&at, &(sign, ink)) in &marks {
            line.put(at, sign, ink);
        }
        for at in 0..self.columns {
            if let Some((Some(sign), _)) = line.get(at) {
                used.insert(sign);
            }
        }
        self.ending(process, &mut line);
        line
    }

    fn gaps(&self, line: &mut Line) {
        let signs = self.sheet.signs;
        for fold in &self.scale.folds {
            let at = self.column(fold.from_us / 2 + fold.until_us / 2);
            if line.get(at).is_some_and(|(sign, _)| sign != Some(' ')) {
                line.put(at, signs.gap, Ink::Faint);
            }
        }
    }

    fn ending(&self, process: usize, line: &mut Line) {
        let story = self.sheet.story;
        let me = &story.processes[process];
        let ending = cut(
            &story.ending(process),
            self.tail.saturating_sub(1),
            self.sheet.style.ascii,
        );
        let is_well = matches!(me.end, Some((_, Ending::Code { code: 0 })));
        let ink = if is_well { Ink::Plain } else { Ink::Bad };
        line.text(self.columns + 1, &ending, ink);
    }

    /// Draws what it spent waiting or stopped, where that was most of a
    /// column.
    fn rest(
        &self,
        me: &Process,
        until_us: u64,
        life: std::ops::Range<usize>,
        line: &mut Line,
    ) {
        let mut shares: Vec<(f64, f64)> = vec![(0.0, 0.0); self.columns];
        for span in me.spans.iter().filter(|span| span.tid.is_none()) {
            let is_stop = matches!(span.state, State::Stopped(_));
            let from = self.place(span.from_us);
            let until = self.place(span.until_us.min(until_us));
            let first = self.column(span.from_us);
            let last = self.column(span.until_us.min(until_us)).max(first);
            for (at, both) in (first..).zip(&mut shares[first..=last]) {
                let left = at as f64;
                let share = until.min(left + 1.0) - from.max(left);
                let sum = if is_stop { &mut both.1 } else { &mut both.0 };
                *sum += share.max(0.0);
            }
        }
        let signs = self.sheet.signs;
        for at in life {
            let (waits, stops) = shares[at];
            if stops > 0.5 {
                line.put(at, signs.stop, Ink::Stop);
            } else if waits > 0.5 {
                line.put(at, signs.wait, Ink::Wait);
            }
        }
    }

    /// The deeds by column. Two in one column move apart by one; where there
    /// is no room for that, a star stands for them.
    fn marks(
        &self,
        process: usize,
        from: usize,
        until: usize,
    ) -> BTreeMap<usize, (char, Ink)> {
        let me = &self.sheet.story.processes[process];
        let signs = self.sheet.signs;
        let mut marks = BTreeMap::new();
        if let Some((_, how)) = &me.end {
            let mark = match how {
                Ending::Code { .. } | Ending::Unknown { .. } => {
                    (signs.end, Ink::Mark)
                }
                Ending::Signal { .. } => (signs.killed, Ink::Bad),
            };
            marks.insert(until, mark);
        }
        if me.parent.is_some() && from < until {
            marks.insert(from, (signs.birth, Ink::Mark));
        }
        for (rank, at, sign, ink) in self.deeds(me) {
            let taken = |at: usize| {
                marks.get(&at).is_some_and(|&(other, _)| other != sign)
            };
            let near = [at, at + 1, at.saturating_sub(1)];
            let free = near
                .into_iter()
                .find(|&at| (from..=until).contains(&at) && !taken(at));
            match free {
                Some(at) => {
                    marks.insert(at, (sign, ink));
                }
                // Its end must be seen, and a byte is no news.
                None if rank < 9 && at != until => {
                    marks.insert(at, ('*', Ink::Mark));
                }
                None => {}
            }
        }
        marks
    }

    /// Rank, column, sign and ink of its deeds, what matters most first.
    fn deeds(&self, me: &Process) -> Vec<(u8, usize, char, Ink)> {
        let mut deeds: Vec<(u8, usize, char, Ink)> = me
            .marks
            .iter()
            .filter_map(|mark| {
                let (rank, sign, ink) = self.sign(&mark.deed)?;
                Some((rank, self.column(mark.at.t_us), sign, ink))
            })
            .collect();
        deeds.sort_by_key(|&(rank, at, ..)| (rank, at));
        deeds
    }

    fn sign(&self, deed: &Deed) -> Option<(u8, char, Ink)> {
        let signs = self.sheet.signs;
        Some(match deed {
            Deed::Create { .. } => (1, signs.create, Ink::Mark),
            Deed::Exec { .. } => (2, signs.exec, Ink::Mark),
            Deed::Wait { .. } => (3, signs.collect, Ink::Mark),
            Deed::Send { .. } => (4, '!', Ink::Mark),
            Deed::Io { is_write: true, .. } => (9, 'w', Ink::Mark),
            Deed::Io { is_write: false, .. } => (9, 'r', Ink::Mark),
            _ => return None,
        })
    }

    /// Writes the names of programs behind their exec, and what a process
    /// waits for into the wait, where there is room.
    fn labels(
        &self,
        process: usize,
        marks: &BTreeMap<usize, (char, Ink)>,
        life: std::ops::Range<usize>,
        line: &mut Line,
    ) {
        let me = &self.sheet.story.processes[process];
        let mut is_taken = vec![false; self.columns + 1];
        for &at in marks.keys() {
            is_taken[at] = true;
        }
        let mut write = |from: usize, until: usize, text: &str, ink| {
            let end = from + columns(text);
            let is_free = end <= until.min(life.end)
                && is_taken[from..end].iter().all(|taken| !taken);
            if is_free {
                line.text(from, text, ink);
                // One place behind it, or two labels would run together.
                is_taken[from..=end].fill(true);
            }
            is_free
        };
        for mark in &me.marks {
            if let Deed::Exec { program } = &mark.deed {
                let at = self.column(mark.at.t_us);
                let is_sign = |at: &usize| {
                    marks.get(at).is_some_and(|m| m.0 == self.sheet.signs.exec)
                };
                let sign = (at.saturating_sub(1)..at + 2).find(is_sign);
                let from = sign.unwrap_or(at) + 1;
                write(from, life.end.saturating_sub(1), program, Ink::Mark);
            }
        }
        for span in me.spans.iter().filter(|span| span.tid.is_none()) {
            let from = self.column(span.from_us) + 1;
            let until = self.column(span.until_us.min(self.sheet.story.end_us));
            let (texts, ink) = self.wait_labels(process, span);
            for text in texts {
                // A write label may start later, behind a mark.
                let starts = from..from.max(until.min(from + 6));
                if starts.into_iter().any(|at| write(at, until, &text, ink)) {
                    break;
                }
            }
        }
    }

    /// The words for a wait, from long to short.
    fn wait_labels(&self, process: usize, span: &Span) -> (Vec<String>, Ink) {
        let story = self.sheet.story;
        match &span.state {
            State::Stopped(signal) => {
                let long = format!("stopped {signal}");
                (vec![long, "stopped".to_owned()], Ink::Stop)
            }
            State::Blocked(on) => {
                let long = story.waiting(on);
                let short = on
                    .place
                    .map(|place| story.channels[place.channel].label.clone());
                let mut texts = vec![long.clone()];
                texts.extend(short);
                if story.is_stuck(process, span) {
                    texts.insert(0, format!("stuck: {long}"));
                    texts.push("stuck".to_owned());
                    (texts, Ink::Bad)
                } else {
                    (texts, Ink::Wait)
                }
            }
        }
    }

    fn axis(&self) -> Line {
        let mut line = Line::default();
        let end = duration(self.sheet.story.end_us);
        let from = self.columns.saturating_sub(columns(&end));
        line.text(from, &end, Ink::Faint);
        line.put(0, '0', Ink::Faint);
        for fold in &self.scale.folds {
            let length = duration(fold.until_us - fold.from_us);
            let text = format!("{}{length}", self.sheet.signs.gap);
            let at = self.column(fold.from_us / 2 + fold.until_us / 2);
            if at > 1
                && line.is_free(at - 1, columns(&text) + 2)
                && at + columns(&text) < self.columns
            {
                line.text(at, &text, Ink::Faint);
            }
        }
        line
    }

    fn legend(&self, used: &BTreeSet<char>) -> String {
        let signs = self.sheet.signs;
        let all = [
            (signs.run, "runs"),
            (signs.wait, "waits"),
            (signs.stop, "stopped"),
            (signs.zombie, "ended, not yet collected"),
            (signs.create, "creates"),
            (signs.exec, "executes"),
            (signs.collect, "collects"),
            ('!', "sends a signal"),
            ('w', "writes"),
            ('r', "reads"),
            ('*', "several at once"),
            (signs.killed, "killed"),
            (signs.gap, "time left out"),
        ];
        let items: Vec<String> = all
            .into_iter()
            .filter(|(sign, _)| used.contains(sign))
            .map(|(sign, says)| format!("{sign} {says}"))
            .collect();
        let text = says::wrap(&items, self.sheet.width);
        if self.sheet.style.ascii { ascii(&text) } else { text }
    }
}
