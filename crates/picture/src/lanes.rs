//! Terminal lanes: one line a process, children below their parents.

use crate::canvas::{Signs, Style};
use crate::group::Lanes;
use crate::plain::{columns, cut};
use crate::story::Story;
use crate::{linear, stepped};

/// What runs from left to right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Time {
    /// Clock time; long gaps in which nothing happens are folded.
    Linear,
    /// Causes before effects, without clocks: the same picture in every run
    /// of a deterministic program, and no pids in it.
    Step,
}

/// How lanes are drawn.
#[derive(Clone, Copy, Debug)]
pub struct LaneStyle {
    /// Columns of the terminal; below 20 counts as 20.
    pub width: usize,
    /// What runs from left to right.
    pub time: Time,
    /// Whether only ASCII characters may be used.
    pub ascii: bool,
    /// Whether ANSI escape sequences colour what glyphs and labels say.
    pub colour: bool,
}

impl Default for LaneStyle {
    fn default() -> Self {
        Self { width: 80, time: Time::Linear, ascii: false, colour: false }
    }
}

/// Draws a story for a terminal.
///
/// Above eight processes, siblings of the same shape share a lane; above
/// fifty lanes, the top of the tree and those that ended badly remain.
///
/// # Returns
/// Lines that end in newlines; the last ones are the legend.
pub fn lanes(story: &Story, style: &LaneStyle) -> String {
    let lanes = Lanes::new(story);
    let signs = if style.ascii { Signs::ASCII } else { Signs::UNICODE };
    let sheet = Sheet {
        story,
        lanes: &lanes,
        signs,
        style: Style { ascii: style.ascii, colour: style.colour },
        width: style.width.max(20),
    };
    let mut out = match style.time {
        Time::Linear => linear::draw(&sheet),
        Time::Step => stepped::draw(&sheet),
    };
    for says in lanes.omissions() {
        out.push_str(&says);
        out.push('\n');
    }
    out
}

/// What both times draw with.
pub(crate) struct Sheet<'a> {
    pub(crate) story: &'a Story,
    pub(crate) lanes: &'a Lanes,
    pub(crate) signs: Signs,
    pub(crate) style: Style,
    pub(crate) width: usize,
}

impl Sheet<'_> {
    /// The names of the lanes, all of the same width, with a blank behind.
    pub(crate) fn heads(&self, with_pids: bool) -> Vec<String> {
        let room = if self.width < 40 { 7 } else { self.width * 3 / 10 };
        let indent = usize::from(self.width >= 60) + 1;
        let heads: Vec<String> = (0..self.lanes.all.len())
            .map(|lane| self.head(lane, indent, room, with_pids))
            .collect();
        let widest = heads.iter().map(|head| columns(head)).max().unwrap_or(0);
        let pad = |head: String| {
            let blanks = widest - columns(&head) + 1;
            head + &" ".repeat(blanks)
        };
        heads.into_iter().map(pad).collect()
    }

    fn head(
        &self,
        lane: usize,
        indent: usize,
        room: usize,
        with_pids: bool,
    ) -> String {
        let shown = &self.lanes.all[lane];
        let depth = self.lanes.depth(self.story, lane);
        let mut head = " ".repeat((depth * indent).min(room / 4));
        head.push_str(&self.lanes.letters(self.story, lane));
        let name = self.lanes.name(self.story, lane);
        if !name.is_empty() {
            head.push(' ');
            head.push_str(name);
        }
        let pid = format!(" {}", self.story.processes[shown.process].pid);
        if with_pids
            && !shown.is_thread
            && shown.members.len() == 1
            && columns(&head) + pid.len() <= room
        {
            head.push_str(&pid);
        }
        cut(&head, room, self.style.ascii)
    }
}
