//! Step time as a drawing: a column for each step, causes left of effects.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use trace::Ending;

use crate::group::Lanes;
use crate::names::{head, indent, width};
use crate::order::Step;
use crate::plain::{columns, markup};
use crate::says;
use crate::story::{Deed, Story};

/// The room for names, at most.
const MOST_HEADS: f64 = 190.0;
const TOP: f64 = 6.0;
const ROW: f64 = 34.0;
const BOX: f64 = 18.0;
/// The width of a letter in a box.
const LETTER: f64 = 6.1;
/// Between the vertical lines of one column.
const SLOT: f64 = 7.0;
/// What is further right is counted, not drawn.
const MOST_COLUMNS: usize = 400;
const MOST_STEPS: usize = 4_000;

/// Draws the steps of a story: names at the left, which stay, and columns
/// that can be scrolled.
///
/// # Returns
/// HTML, and how many steps are not in it.
pub(crate) fn rails(story: &Story, lanes: &Lanes) -> (String, usize) {
    let rails = Rails::new(story, lanes);
    let height = TOP + lanes.all.len() as f64 * ROW;
    let (names, heads) = names(story, lanes);
    let mut out = format!(
        "<div class=\"rails\"><svg class=\"lanes\" width=\"{heads:.0}\" \
         height=\"{height}\" role=\"group\" aria-label=\"processes\">\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
    );
    out.push_str(&names);
    let width = rails.edges.last().copied().unwrap_or(0.0) + 12.0;
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "</svg><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"steps\"><svg class=\"lanes\" width=\"{width:.0}\" \
         height=\"{height}\" role=\"group\" aria-label=\"{} steps\">\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
        rails.nodes.len()
    );
    rails.draw(&mut out);
    out.push_str("</svg></div></div>\n");
    (out, rails.left_out)
}

/// The names of the lanes, and how wide they are.
fn names(story: &Story, lanes: &Lanes) -> (String, f64) {
    let mut out = String::new();
    let mut widest = 0.0_f64;
    for (number, lane) in lanes.all.iter().enumerate() {
        let letters = lanes.letters(story, number);
        let depth = lanes.depth(story, number);
        let name = lanes.name(story, number);
        // No pid: it is another one in every run.
        let [first, second] = head(&letters, name, None, depth);
        let who = if lane.is_thread { "who thin" } else { "who" };
        let (x, y) = (indent(depth), middle(number));
        let y = if second.is_empty() { y + 4.0 } else { y - 1.0 };
        widest = widest.max(x + width(&first) + 8.0);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<text class=\"{who}\" x=\"{x:.0}\" y=\"{y:.0}\">{first}</text>\
             <text class=\"pid\" x=\"{x:.0}\" y=\"{:.0}\">{second}</text>",
            y + 12.0
        );
    }
    (out, widest.min(MOST_HEADS))
}

fn middle(lane: usize) -> f64 {
    TOP + lane as f64 * ROW + ROW / 2.0
}

/// A step with a place.
struct Node<'a> {
    step: &'a Step,
    lane: usize,
    column: usize,
    /// The lane that it makes or collects.
    other: Option<usize>,
    /// Which of its column's vertical lines is its own.
    slot: usize,
    text: String,
}

struct Rails<'a> {
    story: &'a Story,
    lanes: &'a Lanes,
    nodes: Vec<Node<'a>>,
    /// By step: its node.
    node_of: Vec<Option<usize>>,
    /// By column: its left edge; one more for the end.
    edges: Vec<f64>,
    /// By column: the room of its vertical lines.
    gutters: Vec<f64>,
    /// By channel: whether it serves those who have no steps here.
    is_elsewhere: Vec<bool>,
    left_out: usize,
}

impl<'a> Rails<'a> {
    fn new(story: &'a Story, lanes: &'a Lanes) -> Self {
        let mut rails = Self {
            story,
            lanes,
            nodes: Vec::new(),
            node_of: vec![None; story.steps.len()],
            edges: Vec::new(),
            gutters: Vec::new(),
            is_elsewhere: elsewhere(story, lanes),
            left_out: 0,
        };
        rails.place();
        rails.measure();
        rails
    }

    /// Each step stands as far left as its causes and its process let it.
    fn place(&mut self) {
        let story = self.story;
        let mut behind = vec![0; story.steps.len()];
        let mut free = vec![0; story.strands.len()];
        for (number, step) in story.steps.iter().enumerate() {
            let causes = step.after.iter().map(|&before| behind[before]);
            let column = causes.max().unwrap_or(0).max(free[step.strand]);
            behind[number] = column;
            // The exec of the program itself: the picture begins behind it.
            let is_beginning =
                number == 0 && matches!(step.deed, Deed::Exec { .. });
            let place = self.where_to(step).filter(|_| !is_beginning);
            if let Some((lane, other)) = place {
                let is_beyond =
                    column >= MOST_COLUMNS || self.nodes.len() >= MOST_STEPS;
                self.left_out += usize::from(is_beyond);
                behind[number] = column + 1;
                if !is_beyond {
                    self.node_of[number] = Some(self.nodes.len());
                    let text = says::in_a_box(story, step);
                    self.nodes.push(Node {
                        step,
                        lane,
                        column,
                        other,
                        slot: 0,
                        text,
                    });
                }
            }
            free[step.strand] = behind[number];
        }
    }

    /// The lane of a step, and of whom it makes or collects.
    fn where_to(&self, step: &Step) -> Option<(usize, Option<usize>)> {
        let lane = self.lanes.of[step.strand].filter(|_| step.is_drawn())?;
        let of = |process| self.lanes.of_process(self.story, process);
        if channel(&step.deed).is_some_and(|c| self.is_elsewhere[c]) {
            return None;
        }
        match step.deed {
            Deed::Create { child, .. } | Deed::Wait { child, .. } => {
                Some((lane, Some(of(child)?)))
            }
            Deed::Begin { thread } => {
                let strand = self.story.strand(step.process, thread);
                Some((lane, Some(self.lanes.of[strand]?)))
            }
            // To a lane of its own an arrow points.
            Deed::Send { to: Some(to), .. } => {
                Some((lane, of(to).filter(|&other| other != lane)))
            }
            _ => Some((lane, None)),
        }
    }

    /// How wide each column is: its vertical lines, its longest label.
    fn measure(&mut self) {
        let count = self.nodes.iter().map(|node| node.column + 1).max();
        let count = count.unwrap_or(0);
        let mut spans: Vec<Vec<Vec<(usize, usize)>>> = vec![Vec::new(); count];
        let mut texts = vec![0.0_f64; count];
        for node in &mut self.nodes {
            let width = columns(&node.text) as f64 * LETTER;
            texts[node.column] = texts[node.column].max(width);
            let Some(other) = node.other else { continue };
            let span = (node.lane.min(other), node.lane.max(other));
            let slots = &mut spans[node.column];
            let is_apart = |&(a, b): &(usize, usize)| span.1 < a || b < span.0;
            let slot = slots.iter().position(|s| s.iter().all(is_apart));
            node.slot = slot.unwrap_or(slots.len());
            match slots.get_mut(node.slot) {
                Some(slot) => slot.push(span),
                None => slots.push(vec![span]),
            }
        }
        let mut edge = 8.0;
        for (slots, text) in spans.iter().zip(texts) {
            self.edges.push(edge);
            let gutter = slots.len() as f64 * SLOT + 4.0;
            self.gutters.push(gutter);
            let text = if text > 0.0 { text + 8.0 } else { 0.0 };
            edge += gutter + text + 8.0;
        }
        self.edges.push(edge);
    }

    fn x(&self, node: &Node<'_>) -> f64 {
        self.edges[node.column] + node.slot as f64 * SLOT + 3.0
    }

    /// Where the box of a node begins and ends.
    fn sides(&self, node: &Node<'_>) -> (f64, f64) {
        if node.text.is_empty() {
            return (self.x(node) - 3.0, self.x(node) + 3.0);
        }
        let left = self.edges[node.column] + self.gutters[node.column];
        (left, left + columns(&node.text) as f64 * LETTER + 8.0)
    }

    fn draw(&self, out: &mut String) {
        for lane in 0..self.lanes.all.len() {
            self.life(out, lane);
        }
        for (number, step) in self.story.steps.iter().enumerate() {
            self.causes(out, number, step);
        }
        for node in &self.nodes {
            self.node(out, node);
        }
    }

    /// The line of a process: from its birth to its end, and to its
    /// collecting.
    fn life(&self, out: &mut String, lane: usize) {
        let y = middle(lane);
        let mut line = |class: &str, from: f64, until: f64| {
            let _ = writeln!(
                out,
                "<line class=\"{class}\" x1=\"{from:.1}\" x2=\"{until:.1}\" \
                 y1=\"{y:.0}\" y2=\"{y:.0}\"/>"
            );
        };
        let mine = || self.nodes.iter().filter(|node| node.lane == lane);
        let joined = |is_birth: bool| {
            let mut all = self.nodes.iter().filter(|n| n.other == Some(lane));
            all.find(|node| match node.step.deed {
                Deed::Create { .. } | Deed::Begin { .. } => is_birth,
                Deed::Wait { .. } => !is_birth,
                _ => false,
            })
        };
        let first = mine().next().map(|node| self.sides(node).0);
        let born = joined(true).map(|node| self.x(node));
        let Some(from) = born.or(first) else { return };
        let end = self.edges.last().copied().unwrap_or(from);
        let end_node = mine().find(|node| matches!(node.step.deed, Deed::Exit));
        if self.lanes.all[lane].is_thread {
            let last = mine().map(|node| self.sides(node).1);
            return line("life thin", from, last.fold(from + 14.0, f64::max));
        }
        let Some(exit) = end_node.map(|node| self.sides(node).1) else {
            return line("life", from, end);
        };
        line("life", from, exit);
        match (joined(false), end_node) {
            (Some(by), Some(last)) if self.is_busy(last, by) => {
                line("dead", exit, self.x(by));
            }
            (Some(by), _) => line("idle", exit, self.x(by)),
            (None, _) => line("dead", exit, self.unburied(lane, exit)),
        }
    }

    /// Whether somebody did something else between an end and its collecting:
    /// else the distance is only the room that labels take.
    fn is_busy(&self, exit: &Node<'_>, by: &Node<'_>) -> bool {
        self.nodes.iter().any(|node| {
            node.lane == by.lane
                && (exit.column + 1..by.column).contains(&node.column)
        })
    }

    /// Until where a process stays a zombie that nobody waited for.
    fn unburied(&self, lane: usize, exit: f64) -> f64 {
        let story = self.story;
        let child = &story.processes[self.lanes.all[lane].process];
        let Some(guardian) = child.guardian.filter(|_| {
            story.sees_waits()
                && !child.is_unwanted
                && child.collected.is_none()
        }) else {
            return exit;
        };
        let of_guardian = |node: &&Node<'_>| {
            node.step.process == guardian
                && matches!(node.step.deed, Deed::Exit)
        };
        let last = self.nodes.iter().find(of_guardian);
        let end = self.edges.last().copied().unwrap_or(exit);
        last.map_or(end, |node| self.sides(node).1).max(exit)
    }

    /// Bytes and signals from lane to lane. Births and collections have
    /// lines of their own.
    fn causes(&self, out: &mut String, number: usize, step: &Step) {
        let Some(to) = self.node_of[number] else { return };
        for &before in &step.after {
            let Some(from) = self.node_of[before] else { continue };
            let (from, to) = (&self.nodes[from], &self.nodes[to]);
            let Deed::Bytes { is_write: true, .. } = from.step.deed else {
                continue;
            };
            let center = |node| (self.sides(node).0 + self.sides(node).1) / 2.0;
            let (x1, x2) = (center(from), center(to));
            let (y1, y2) = (middle(from.lane), middle(to.lane));
            let edge = if y1 < y2 { BOX / 2.0 } else { -BOX / 2.0 };
            let _ = writeln!(
                out,
                "<line class=\"bytes\" x1=\"{x1:.1}\" y1=\"{:.1}\" \
                 x2=\"{x2:.1}\" y2=\"{:.1}\" marker-end=\"url(#tip)\"/>",
                y1 + edge,
                y2 - edge
            );
        }
    }

    fn node(&self, out: &mut String, node: &Node<'_>) {
        let (process, deed) = (node.step.process, &node.step.deed);
        let says = match deed {
            Deed::Exit => self.story.ending(process),
            deed => says::deed(self.story, process, deed),
        };
        let who = match self.story.strands[node.step.strand].thread {
            0 => self.story.title(process),
            _ => self.story.strand_letter(node.step.strand),
        };
        let says = format!("{who}: {says}");
        let title = format!("<title>{}</title>", markup(&says));
        if let Some(other) = node.other {
            self.join(out, node, other, &title);
        }
        if node.text.is_empty() {
            return;
        }
        let (left, right) = self.sides(node);
        let y = middle(node.lane);
        let (class, ink) = self.class(node.step);
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" rx=\"3\" x=\"{left:.1}\" y=\"{:.1}\" \
             width=\"{:.1}\" height=\"{BOX}\">{title}</rect><text \
             class=\"label {ink}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            y - BOX / 2.0,
            right - left,
            left + 4.0,
            y + 3.5,
            markup(&node.text)
        );
    }

    /// The line to whom a process made, or from whom it collected.
    fn join(
        &self,
        out: &mut String,
        node: &Node<'_>,
        other: usize,
        title: &str,
    ) {
        let (x, y) = (self.x(node), middle(node.lane));
        let (class, from, to) = match node.step.deed {
            Deed::Create { .. } | Deed::Begin { .. } => {
                ("create", y, middle(other))
            }
            Deed::Send { .. } => {
                // Signals hit the line of a process, not its boxes.
                let near = if y < middle(other) { -2.0 } else { 2.0 };
                ("send", y, middle(other) + near)
            }
            _ => ("collect", middle(other), y),
        };
        let tip = if class == "send" { "alarm" } else { "tip" };
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" \
             y1=\"{from:.0}\" y2=\"{to:.0}\" marker-end=\"url(#{tip})\">\
             {title}</line><circle class=\"dot\" cx=\"{x:.1}\" \
             cy=\"{y:.0}\" r=\"3.5\">{title}</circle>"
        );
    }

    fn class(&self, step: &Step) -> (&'static str, &'static str) {
        let end = &self.story.processes[step.process].end;
        match step.deed {
            Deed::Exit => match end {
                Some((
                    _,
                    Ending::Code { code: 0 } | Ending::Unknown { .. },
                )) => ("gone", "on-box"),
                _ => ("fault", "on-fault"),
            },
            Deed::Stuck { .. } => ("fault", "on-fault"),
            Deed::Send { .. } => ("sent", "on-box"),
            _ => ("box", "on-box"),
        }
    }
}

fn channel(deed: &Deed) -> Option<usize> {
    match deed {
        Deed::LetGo { place, .. } | Deed::Bytes { place, .. } => {
            Some(place.channel)
        }
        _ => None,
    }
}

/// Which channels join one process that has steps here with some that have
/// none: what is done to them could not be understood.
fn elsewhere(story: &Story, lanes: &Lanes) -> Vec<bool> {
    let mut holders = vec![(BTreeSet::new(), false); story.channels.len()];
    for held in &story.holdings {
        let Some(place) = held.place else { continue };
        let (here, has_others) = &mut holders[place.channel];
        if lanes.of_process(story, held.process).is_some() {
            here.insert(held.process);
        } else {
            *has_others = true;
        }
    }
    let is_one =
        |(here, others): &(BTreeSet<usize>, bool)| *others && here.len() < 2;
    holders.iter().map(is_one).collect()
}
