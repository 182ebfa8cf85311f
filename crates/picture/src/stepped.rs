//! Lanes in step time.
//!
//! Every deed stands as far left as its causes and its own process let it;
//! what does not fit into the width goes on in the next band.

use crate::canvas::{Ink, Line};
use crate::lanes::Sheet;
use crate::order::Step;
use crate::plain::{columns, cut};
use crate::says;
use crate::story::{Deed, Story};

/// What is further right than these bands is counted, not drawn.
const MOST_BANDS: usize = 16;
/// A life does not begin in the last columns of a band, where nothing would
/// be seen of it.
const ROOM_FOR_A_LIFE: usize = 16;

pub(crate) fn draw(sheet: &Sheet<'_>) -> String {
    let heads = sheet.heads(false);
    let head = heads.first().map_or(0, |head| columns(head));
    let mut grid = Grid::new(sheet, sheet.width.saturating_sub(head).max(8));
    let mut left_out = 0;
    for (number, step) in sheet.story.steps.iter().enumerate() {
        if !grid.place(number, step) {
            left_out += 1;
        }
    }
    grid.fill();
    let mut out = grid.print(&heads);
    if left_out > 0 {
        out.push_str(&format!("{left_out} more steps are not drawn\n"));
    }
    out.push_str(&says::legend(sheet, grid.has_zombie));
    out
}

struct Grid<'a> {
    sheet: &'a Sheet<'a>,
    /// Columns of a band.
    band: usize,
    lines: Vec<Line>,
    /// By step: the column from which its effects may stand.
    done: Vec<usize>,
    /// By strand: the first column it may use.
    free: Vec<usize>,
    /// By lane: where its life begins, ends, and where it is collected.
    lives: Vec<Life>,
    /// The first column behind everything.
    end: usize,
    has_zombie: bool,
}

#[derive(Clone, Copy, Default)]
struct Life {
    from: Option<usize>,
    /// The label of its end, and behind it.
    exit: Option<(usize, usize)>,
    /// In which lane, and where.
    collected: Option<(usize, usize)>,
    /// Behind its last deed.
    last: usize,
}

impl<'a> Grid<'a> {
    fn new(sheet: &'a Sheet<'a>, band: usize) -> Self {
        let lanes = sheet.lanes.all.len();
        Self {
            sheet,
            band,
            lines: vec![Line::default(); lanes],
            done: vec![0; sheet.story.steps.len()],
            free: vec![0; sheet.story.strands.len()],
            lives: vec![Life::default(); lanes],
            end: 0,
            has_zombie: false,
        }
    }

    /// Finds a place for a step.
    ///
    /// # Returns
    /// Whether there was one in the last band.
    fn place(&mut self, number: usize, step: &Step) -> bool {
        let causes = step.after.iter().map(|&before| self.done[before]);
        let from = causes.max().unwrap_or(0).max(self.free[step.strand]);
        let Some(lane) = self.lane(number, step) else {
            self.done[number] = from;
            self.free[step.strand] = from;
            return true;
        };
        let text = self.label(step);
        let length = columns(&text);
        let other = partner(self.sheet.story, step, false)
            .and_then(|strand| self.sheet.lanes.of[strand]);
        let Some(at) = self.room(lane, other, from, length, step) else {
            // What follows from it must not be drawn without it.
            let beyond = MOST_BANDS * self.band;
            self.done[number] = beyond;
            self.free[step.strand] = beyond;
            return false;
        };
        self.write(lane, at, &text, step);
        if let Some(other) = other {
            self.join(lane, other, at, step);
        }
        let behind = at + length;
        self.end = self.end.max(behind);
        self.free[step.strand] = behind + 1;
        // An effect may stand below its cause's label, but right of its start.
        self.done[number] =
            if matches!(step.deed, Deed::Exit) { behind } else { at + 1 };
        true
    }

    /// The lane on which a step is drawn, if it is.
    fn lane(&self, number: usize, step: &Step) -> Option<usize> {
        let lanes = &self.sheet.lanes.of;
        let is_hidden = partner(self.sheet.story, step, true)
            .is_some_and(|strand| lanes[strand].is_none());
        // The exec of the program itself: the picture begins behind it.
        let is_beginning =
            number == 0 && matches!(step.deed, Deed::Exec { .. });
        let is_drawn = step.is_drawn() && !is_hidden && !is_beginning;
        lanes[step.strand].filter(|_| is_drawn)
    }

    fn room(
        &self,
        lane: usize,
        other: Option<usize>,
        from: usize,
        length: usize,
        step: &Step,
    ) -> Option<usize> {
        let is_birth = is_birth(step);
        let least = ROOM_FOR_A_LIFE.min(self.band / 4) * usize::from(is_birth);
        let wanted = length.max(least);
        let between = other.map_or(0..0, |o| lane.min(o) + 1..lane.max(o) + 1);
        (from..MOST_BANDS * self.band).find(|&at| {
            at % self.band + wanted <= self.band
                && self.lines[lane].is_free(at, length)
                && between
                    .clone()
                    .all(|row| row == lane || self.lines[row].is_free(at, 1))
                && other.is_none_or(|row| self.lines[row].is_free(at, 1))
        })
    }

    fn write(&mut self, lane: usize, at: usize, text: &str, step: &Step) {
        let is_bad = matches!(step.deed, Deed::Stuck { .. })
            || matches!(step.deed, Deed::Exit)
                && !ended_by_itself(self.sheet.story, step.process);
        let ink = if is_bad { Ink::Bad } else { Ink::Mark };
        self.lines[lane].text(at, text, ink);
        let life = &mut self.lives[lane];
        if life.from.is_none() {
            life.from = Some(0);
        }
        life.last = at + columns(text);
        if matches!(step.deed, Deed::Exit) {
            life.exit = Some((at, at + columns(text)));
        }
    }

    /// Draws the line from a deed down to the process that it made or
    /// collected.
    fn join(&mut self, lane: usize, other: usize, at: usize, step: &Step) {
        let is_birth = is_birth(step);
        let signs = self.sheet.signs;
        let sign = if is_birth { signs.birth } else { signs.collected };
        for row in lane.min(other) + 1..lane.max(other) {
            self.lines[row].put(at, signs.down, Ink::Faint);
        }
        self.lines[other].put(at, sign, Ink::Mark);
        let child = self.sheet.lanes.all[other].strand;
        if is_birth {
            self.lives[other].from = Some(at);
            self.free[child] = self.free[child].max(at + 1);
        } else {
            self.lives[other].collected = Some((lane, at));
        }
        self.end = self.end.max(at + 1);
    }

    fn label(&self, step: &Step) -> String {
        let text = says::step(self.sheet, step);
        cut(&text, self.band, self.sheet.style.ascii)
    }

    /// Draws the lives between the deeds.
    fn fill(&mut self) {
        let signs = self.sheet.signs;
        for lane in 0..self.lines.len() {
            let Life { from, exit, collected, last } = self.lives[lane];
            let Some(from) = from else { continue };
            let is_thread = self.sheet.lanes.all[lane].is_thread;
            let open = if is_thread { last.max(from + 3) } else { self.end };
            for at in from..exit.map_or(open, |(_, behind)| behind) {
                match self.lines[lane].get(at) {
                    None => self.lines[lane].put(at, signs.line, Ink::Run),
                    Some((Some(sign), _)) if sign == signs.down => {
                        self.lines[lane].put(at, signs.cross, Ink::Faint);
                    }
                    Some(_) => {}
                }
            }
            let Some((exit, behind)) = exit else { continue };
            let until = match collected {
                Some((by, at)) if self.is_busy(by, exit, at) => at,
                Some(_) => continue,
                None => self.unburied(lane, behind),
            };
            // One place is left blank, or `exit 0` would read `exit 0zz`.
            let is_beside_text = !behind.is_multiple_of(self.band);
            for at in behind + usize::from(is_beside_text)..until {
                if self.lines[lane].get(at).is_none() {
                    self.lines[lane].put(at, signs.zombie, Ink::Zombie);
                    self.has_zombie = true;
                }
            }
        }
    }

    /// Whether somebody did something else before he collected a process: else
    /// the distance is only the room that labels take.
    fn is_busy(&self, lane: usize, from: usize, until: usize) -> bool {
        let is_mark = |at: usize| {
            let cell = self.lines[lane].get(at);
            cell.is_some_and(|(_, ink)| matches!(ink, Ink::Mark | Ink::Bad))
        };
        (from.max(1)..until).any(|at| is_mark(at) && !is_mark(at - 1))
    }

    /// Until where a process stays a zombie that nobody waited for.
    fn unburied(&self, lane: usize, exit: usize) -> usize {
        let story = self.sheet.story;
        let child = &story.processes[self.sheet.lanes.all[lane].process];
        let Some(guardian) = child.guardian.filter(|_| {
            story.sees_waits()
                && !child.is_unwanted
                && child.collected.is_none()
        }) else {
            return exit;
        };
        let lane = self.sheet.lanes.of_process(story, guardian);
        match lane.map(|lane| self.lives[lane].exit) {
            Some(Some((_, until))) => until,
            Some(None) => self.end,
            None => exit,
        }
    }

    fn print(&self, heads: &[String]) -> String {
        let mut out = String::new();
        let bands = self.end.div_ceil(self.band).max(1);
        for band in 0..bands {
            let (from, until) = (band * self.band, (band + 1) * self.band);
            if band > 0 {
                out.push('\n');
            }
            for (lane, head) in heads.iter().enumerate() {
                let line = &self.lines[lane];
                // A lane that only lives on is left out of this band.
                let is_news = |at| {
                    line.get(at).is_some_and(|(_, ink)| {
                        !matches!(ink, Ink::Run | Ink::Faint)
                    })
                };
                if !(from..until).any(is_news) {
                    continue;
                }
                out.push_str(&self.head(head));
                line.print(&mut out, from, until, &self.sheet.style);
                out.push('\n');
            }
        }
        out
    }

    fn head(&self, head: &str) -> String {
        if self.sheet.style.ascii {
            crate::plain::ascii(head)
        } else {
            head.to_owned()
        }
    }
}

/// The strand that a step concerns besides its own.
fn partner(story: &Story, step: &Step, with_signals: bool) -> Option<usize> {
    match step.deed {
        Deed::Create { child, .. } | Deed::Wait { child, .. } => {
            Some(story.strand(child, 0))
        }
        Deed::Begin { thread } => Some(story.strand(step.process, thread)),
        Deed::Send { to, .. } if with_signals => Some(story.strand(to?, 0)),
        _ => None,
    }
}

fn is_birth(step: &Step) -> bool {
    matches!(step.deed, Deed::Create { .. } | Deed::Begin { .. })
}

fn ended_by_itself(story: &Story, process: usize) -> bool {
    !matches!(
        story.processes[process].end,
        Some((_, trace::Ending::Signal { .. }))
    )
}
