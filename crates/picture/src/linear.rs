//! Lanes in clock time.

use std::collections::{BTreeMap, BTreeSet};

use trace::Ending;

use crate::canvas::{Ink, Line};
use crate::lanes::Sheet;
use crate::plain::{ascii, columns, cut};
use crate::says;
use crate::scale::Scale;
use crate::story::{Deed, Process, Span, State, duration};
use crate::strand::Strand;

pub(crate) fn draw(sheet: &Sheet<'_>) -> String {
    let heads = sheet.heads(true);
    let head = heads.first().map_or(0, |head| columns(head));
    let endings = sheet.lanes.all.iter().map(|lane| match lane.is_thread {
        true => 0,
        false => columns(&sheet.story.ending(lane.process)) + 1,
    });
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
        let line = plot.lane(sheet.lanes.all[lane].strand, &mut used);
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

    fn lane(&self, strand: usize, used: &mut BTreeSet<char>) -> Line {
        let story = self.sheet.story;
        let signs = self.sheet.signs;
        let own = story.strands[strand];
        let is_first = own.thread == 0;
        let mut line = Line::default();
        let (from_us, until_us) = story.life_us(strand);
        let from = self.column(from_us);
        let until = self.column(until_us).max(from);
        let (run, ink) = match (story.sees_waits(), is_first) {
            (false, _) => (signs.there, Ink::Wait),
            (true, true) => (signs.run, Ink::Run),
            (true, false) => (signs.thread, Ink::Run),
        };
        for at in from..=until {
            line.put(at, run, ink);
        }
        self.rest(own, until_us, from..until + 1, &mut line);
        if let Some(gone) = story.gone_us(own.process).filter(|_| is_first) {
            for at in until + 1..self.column(gone) + 1 {
                line.put(at, signs.zombie, Ink::Zombie);
            }
        }
        self.gaps(&mut line);
        let marks = self.marks(own, from, until);
        // What labels will cover is in the legend all the same: they say it.
        let lived = (0..self.columns).filter_map(|at| line.get(at)?.0);
        used.extend(lived.chain(marks.values().map(|mark| mark.0)));
        self.labels(own, &marks, from..until + 1, &mut line);
        for (&at, &(sign, ink)) in &marks {
            line.put(at, sign, ink);
        }
        if is_first {
            self.ending(own.process, &mut line);
        }
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
        let is_well = matches!(
            me.end,
            Some((_, Ending::Code { code: 0 } | Ending::Unknown { .. }))
        );
        let ink = if is_well { Ink::Plain } else { Ink::Bad };
        line.text(self.columns + 1, &ending, ink);
    }

    /// Draws what it spent waiting or stopped, where that was most of a
    /// column.
    fn rest(
        &self,
        own: Strand,
        until_us: u64,
        life: std::ops::Range<usize>,
        line: &mut Line,
    ) {
        let story = self.sheet.story;
        let mut shares: Vec<[f64; 3]> = vec![[0.0; 3]; self.columns];
        for span in story.rests(own) {
            let kind = match span.state {
                State::Stopped(_) => 1,
                State::Blocked(_) if story.is_stuck(own.process, span) => 2,
                State::Blocked(_) => 0,
            };
            let from = self.place(span.from_us);
            let until = self.place(span.until_us.min(until_us));
            let first = self.column(span.from_us);
            let last = self.column(span.until_us.min(until_us)).max(first);
            for (at, both) in (first..).zip(&mut shares[first..=last]) {
                let left = at as f64;
                let share = until.min(left + 1.0) - from.max(left);
                both[kind] += share.max(0.0);
            }
        }
        let signs = self.sheet.signs;
        for at in life {
            let [waits, stops, hangs] = shares[at];
            if stops > 0.5 {
                line.put(at, signs.stop, Ink::Stop);
            } else if hangs > 0.5 {
                line.put(at, signs.stuck, Ink::Bad);
            } else if waits > 0.5 {
                line.put(at, signs.wait, Ink::Wait);
            }
        }
    }

    /// The deeds by column. Two in one column move apart by one; where there
    /// is no room for that, a star stands for them.
    fn marks(
        &self,
        own: Strand,
        from: usize,
        until: usize,
    ) -> BTreeMap<usize, (char, Ink)> {
        let me = &self.sheet.story.processes[own.process];
        let signs = self.sheet.signs;
        let mut marks = BTreeMap::new();
        let is_first = own.thread == 0;
        if let Some((_, how)) = me.end.as_ref().filter(|_| is_first) {
            let mark = match how {
                Ending::Code { .. } | Ending::Unknown { .. } => {
                    (signs.end, Ink::Mark)
                }
                Ending::Signal { .. } => (signs.killed, Ink::Bad),
            };
            marks.insert(until, mark);
        }
        if (me.parent.is_some() || !is_first) && from < until {
            marks.insert(from, (signs.birth, Ink::Mark));
        }
        for (rank, at, sign, ink) in self.deeds(me, own.thread) {
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
    fn deeds(
        &self,
        me: &Process,
        thread: usize,
    ) -> Vec<(u8, usize, char, Ink)> {
        let mut deeds: Vec<(u8, usize, char, Ink)> = me
            .marks
            .iter()
            .filter(|mark| mark.thread == thread)
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
            Deed::Io { of: None, .. } => return None,
            Deed::Create { .. } | Deed::Begin { .. } => {
                (1, signs.create, Ink::Mark)
            }
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
        own: Strand,
        marks: &BTreeMap<usize, (char, Ink)>,
        life: std::ops::Range<usize>,
        line: &mut Line,
    ) {
        let me = &self.sheet.story.processes[own.process];
        let mut pen = Pen::new(marks, self.columns, life.end, line);
        for mark in me.marks.iter().filter(|it| it.thread == own.thread) {
            if let Deed::Exec { program } = &mark.deed {
                let at = self.column(mark.at.t_us);
                let is_sign = |at: &usize| {
                    marks.get(at).is_some_and(|m| m.0 == self.sheet.signs.exec)
                };
                let sign = (at.saturating_sub(1)..at + 2).find(is_sign);
                let from = sign.unwrap_or(at) + 1;
                pen.write(from, life.end.saturating_sub(1), program, Ink::Mark);
            }
        }
        for span in self.sheet.story.rests(own) {
            let from = self.column(span.from_us) + 1;
            let until = self.column(span.until_us.min(self.sheet.story.end_us));
            let (texts, ink) = self.wait_labels(own.process, span);
            for text in texts {
                // A write label may start later, behind a mark.
                let mut starts = from..from.max(until.min(from + 6));
                if starts.any(|at| pen.write(at, until, &text, ink)) {
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
                    let short = texts.pop().unwrap_or_default();
                    texts = vec![
                        format!("stuck: {long}"),
                        format!("stuck {short}"),
                        "stuck".to_owned(),
                    ];
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
        // Before a length without a blank it would be a digit of it.
        if from > 1 {
            line.put(0, '0', Ink::Faint);
        }
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
            (signs.there, "there, running or waiting"),
            (signs.thread, "a thread runs"),
            (signs.wait, "waits"),
            (signs.stop, "stopped by a signal"),
            (signs.stuck, "stuck until it was killed"),
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
        let mut text = says::wrap(&items, self.sheet.width);
        let is_ascii = self.sheet.style.ascii;
        let channels = says::channels(self.sheet.story, is_ascii);
        text.push_str(&says::wrap(&channels, self.sheet.width));
        if self.sheet.style.ascii { ascii(&text) } else { text }
    }
}

/// Writes labels where nothing else stands.
struct Pen<'a> {
    line: &'a mut Line,
    is_taken: Vec<bool>,
    /// Where a letter stands as a mark.
    is_letter: Vec<bool>,
    end: usize,
}

impl<'a> Pen<'a> {
    fn new(
        marks: &BTreeMap<usize, (char, Ink)>,
        columns: usize,
        end: usize,
        line: &'a mut Line,
    ) -> Self {
        let mut is_taken = vec![false; columns + 1];
        let mut is_letter = is_taken.clone();
        for (&at, mark) in marks {
            is_taken[at] = true;
            is_letter[at] = mark.0.is_alphanumeric();
        }
        Self { line, is_taken, is_letter, end }
    }

    /// # Returns
    /// Whether there was room.
    fn write(
        &mut self,
        from: usize,
        until: usize,
        text: &str,
        ink: Ink,
    ) -> bool {
        let end = from + columns(text);
        // Beside a letter a label would read on: `rwread P1`.
        let is_free = end <= until.min(self.end)
            && !self.is_letter[end]
            && !from.checked_sub(1).is_some_and(|at| self.is_letter[at])
            && self.is_taken[from..end].iter().all(|taken| !taken);
        if is_free {
            self.line.text(from, text, ink);
            // One place behind it, or two labels would run together.
            self.is_taken[from..=end].fill(true);
        }
        is_free
    }
}
