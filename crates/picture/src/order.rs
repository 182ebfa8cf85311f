//! Step time: the deeds that every run of a deterministic program shares, in
//! one order that depends on what caused what, and never on clocks.
//!
//! The partial order is: program order in a thread; create before the
//! child's first deed; every thread's last deed before its process's exit; exit before the wait that collects it; a signal's
//! sending before its arrival, or before the death by it; the last write
//! before the end of the only reader's reading, if every byte was read, else
//! the first write of the only writer before any reading of its bytes; every
//! closing of a write end before the end of file; every closing of a read end
//! before the write that breaks on it. Waits for
//! anybody with nothing between them stand in the order of the children: which
//! one comes first is chance. Among the deeds that may come next, the one of
//! the process that comes first in the fork tree does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use trace::Ending;

use crate::cause;
use crate::story::{Deed, Mark, Place, Story};

/// A deed in step time.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) process: usize,
    pub(crate) strand: usize,
    pub(crate) deed: Deed,
    /// The steps of other threads that had to come first.
    pub(crate) after: Vec<usize>,
}

impl Step {
    /// Whether step time draws it; the others only order.
    pub(crate) fn is_drawn(&self) -> bool {
        match &self.deed {
            Deed::Create { .. }
            | Deed::Begin { .. }
            | Deed::Stuck { .. }
            | Deed::Exec { .. }
            | Deed::Exit
            | Deed::Wait { .. }
            | Deed::Send { .. }
            | Deed::LetGo { by_exec: false, .. } => true,
            Deed::Bytes { bytes, .. } => *bytes != Some(0),
            _ => false,
        }
    }
}

/// The deeds of one run as a graph.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// By strand, in program order.
    pub(crate) lines: Vec<Vec<usize>>,
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) process: usize,
    pub(crate) strand: usize,
    pub(crate) deed: Deed,
    /// The nodes of other threads that come before it.
    pub(crate) after: Vec<usize>,
    /// The place of its mark among those of its process: of many writes, or
    /// reads, of the first and of the last.
    pub(crate) marks: [usize; 2],
}

impl Graph {
    fn new(story: &Story) -> Self {
        let mut graph = Self::default();
        for process in 0..story.processes.len() {
            graph.lines_of(story, process);
        }
        graph.sort_waits();
        graph
    }

    /// Which of several children wait(2) collects first is the scheduler's
    /// choice, unless it is asked for one of them: waits for anybody with
    /// nothing between them are sorted by child. No other
    /// process waits for a wait, so this turns no cause around.
    fn sort_waits(&mut self) {
        for line in &mut self.lines {
            let nodes = &mut self.nodes;
            let is_quiet = |node: &usize| {
                matches!(
                    nodes[*node].deed,
                    Deed::Wait { is_named: false, .. } | Deed::Arrive { .. }
                )
            };
            let mut runs: Vec<Vec<usize>> = Vec::new();
            for same in line.chunk_by(|a, b| is_quiet(a) && is_quiet(b)) {
                let waits = same.iter().copied().filter(|&node| {
                    matches!(
                        nodes[node].deed,
                        Deed::Wait { is_named: false, .. }
                    )
                });
                runs.push(waits.collect());
            }
            for run in runs {
                let child = |&node: &usize| match nodes[node].deed {
                    Deed::Wait { child, .. } => child,
                    _ => usize::MAX,
                };
                let mut children: Vec<usize> = run.iter().map(child).collect();
                children.sort_unstable();
                for (&node, child) in run.iter().zip(children) {
                    nodes[node].deed = Deed::Wait { child, is_named: false };
                }
            }
        }
    }

    /// The deeds of the threads of one process. The reads and writes of a
    /// thread become one deed per end and direction, where the last of them
    /// stood.
    fn lines_of(&mut self, story: &Story, process: usize) {
        let me = &story.processes[process];
        let above = self.lines.len();
        self.lines.resize(above + me.threads.len(), Vec::new());
        let totals = totals(&me.marks);
        for (number, mark) in me.marks.iter().enumerate() {
            let strand = above + mark.thread;
            let mut marks = [number; 2];
            let deed = match mark.deed {
                Deed::Io { place, is_write, .. } => {
                    let sum = &totals[&(mark.thread, place, is_write)];
                    if sum.last != number {
                        continue;
                    }
                    marks[0] = sum.first;
                    Deed::Bytes { place, is_write, bytes: Some(sum.bytes) }
                }
                Deed::ExecFailed { .. } | Deed::Refused { .. } => continue,
                Deed::LetGo { place, .. }
                    if story.channels[place.channel].is_private =>
                {
                    continue;
                }
                Deed::Exit if died_of_a_broken_pipe(story, process) => {
                    if let Some(channel) = last_written(story, process) {
                        let deed = Deed::Broken { channel };
                        self.add(process, strand, deed, marks);
                    }
                    Deed::Exit
                }
                Deed::Exit => {
                    if let Some(span) = story.last_hang(process) {
                        let deed = Deed::Stuck { span };
                        self.add(process, strand, deed, marks);
                    }
                    Deed::Exit
                }
                ref other => other.clone(),
            };
            self.add(process, strand, deed, marks);
        }
    }

    fn add(
        &mut self,
        process: usize,
        strand: usize,
        deed: Deed,
        marks: [usize; 2],
    ) {
        self.lines[strand].push(self.nodes.len());
        let after = Vec::new();
        self.nodes.push(Node { process, strand, deed, after, marks });
    }

    /// Lets many writes stand where the first of them stood.
    pub(crate) fn advance(&mut self, node: usize) {
        let [first, _] = self.nodes[node].marks;
        let nodes = &mut self.nodes;
        nodes[node].marks[1] = first;
        let line = &mut self.lines[nodes[node].strand];
        line.retain(|it| *it != node);
        let place = line.partition_point(|it| nodes[*it].marks[1] < first);
        line.insert(place, node);
    }

    /// Orders one deed before another of a different thread.
    pub(crate) fn cause(&mut self, before: usize, after: usize) {
        if self.nodes[before].strand != self.nodes[after].strand {
            self.nodes[after].after.push(before);
        }
    }

    /// Sorts topologically. Where the causes run in a circle, as only a
    /// broken trace has them, the first process goes on.
    fn sort(&self) -> Vec<usize> {
        let mut front = Front::new(self);
        let mut sorted = Vec::with_capacity(self.nodes.len());
        while let Some(node) = front.next(self) {
            sorted.push(node);
        }
        sorted
    }
}

/// How far a sort has come.
struct Front {
    /// By node: how many of its causes are not sorted yet.
    left: Vec<usize>,
    /// By node: what it causes.
    causes: Vec<Vec<usize>>,
    /// By strand: the place of its next node in its line.
    next: Vec<usize>,
    /// The threads that can go on.
    ready: BinaryHeap<Reverse<usize>>,
}

impl Front {
    fn new(graph: &Graph) -> Self {
        let mut causes = vec![Vec::new(); graph.nodes.len()];
        for (number, node) in graph.nodes.iter().enumerate() {
            for &before in &node.after {
                causes[before].push(number);
            }
        }
        let left = graph.nodes.iter().map(|node| node.after.len()).collect();
        let next = vec![0; graph.lines.len()];
        let ready = BinaryHeap::new();
        let mut front = Self { left, causes, next, ready };
        for strand in 0..graph.lines.len() {
            front.look(graph, strand);
        }
        front
    }

    /// Enters a thread whose next node has all its causes.
    fn look(&mut self, graph: &Graph, strand: usize) {
        let node = graph.lines[strand].get(self.next[strand]);
        if node.is_some_and(|&node| self.left[node] == 0) {
            self.ready.push(Reverse(strand));
        }
    }

    fn next(&mut self, graph: &Graph) -> Option<usize> {
        let strand = match self.ready.pop() {
            Some(Reverse(strand)) => strand,
            None => (0..graph.lines.len())
                .find(|&s| self.next[s] < graph.lines[s].len())?,
        };
        let node = graph.lines[strand][self.next[strand]];
        self.next[strand] += 1;
        for after in std::mem::take(&mut self.causes[node]) {
            self.left[after] = self.left[after].saturating_sub(1);
            let other = graph.nodes[after].strand;
            let comes_next =
                graph.lines[other].get(self.next[other]) == Some(&after);
            if self.left[after] == 0 && comes_next {
                self.ready.push(Reverse(other));
            }
        }
        self.look(graph, strand);
        Some(node)
    }
}

/// Many reads, or writes: the places of the first and of the last mark, and
/// the bytes of all.
struct Sum {
    first: usize,
    last: usize,
    bytes: u64,
}

/// By thread, end and direction.
fn totals(marks: &[Mark]) -> BTreeMap<(usize, Place, bool), Sum> {
    let mut totals = BTreeMap::new();
    for (number, mark) in marks.iter().enumerate() {
        if let Deed::Io { place, is_write, bytes, .. } = mark.deed {
            let key = (mark.thread, place, is_write);
            let none = Sum { first: number, last: number, bytes: 0 };
            let sum = totals.entry(key).or_insert(none);
            sum.last = number;
            sum.bytes = sum.bytes.saturating_add(bytes);
        }
    }
    totals
}

fn died_of_a_broken_pipe(story: &Story, process: usize) -> bool {
    matches!(&story.processes[process].end,
        Some((_, Ending::Signal { signal })) if signal == "SIGPIPE")
}

fn last_written(story: &Story, process: usize) -> Option<usize> {
    story.processes[process].marks.iter().rev().find_map(|mark| {
        match mark.deed {
            Deed::Io { place, is_write: true, .. } => Some(place.channel),
            Deed::Broken { channel } => Some(channel),
            _ => None,
        }
    })
}

/// Marks the channels that only their makers knew.
fn find_private_channels(story: &mut Story) {
    let mut holders = vec![BTreeSet::new(); story.channels.len()];
    for holding in &story.holdings {
        if let Some(place) = holding.place {
            holders[place.channel].insert(holding.process);
        }
    }
    for (channel, holders) in story.channels.iter_mut().zip(&holders) {
        channel.is_private = holders.len() <= 1;
    }
    for mark in story.processes.iter().flat_map(|process| &process.marks) {
        let used = match mark.deed {
            Deed::Io { place, .. } => place.channel,
            Deed::Broken { channel } => channel,
            _ => continue,
        };
        story.channels[used].is_private = false;
    }
}

/// Fills in the steps, and numbers the channels by the first order in which
/// they could be made, the private ones behind the others.
pub(crate) fn number_and_sort(story: &mut Story) {
    find_private_channels(story);
    let mut graph = Graph::new(story);
    cause::find(story, &mut graph);
    let sorted = graph.sort();
    let mut place_of = vec![0; graph.nodes.len()];
    for (number, &node) in sorted.iter().enumerate() {
        place_of[node] = number;
    }
    let made = sorted.iter().filter_map(|&node| match graph.nodes[node].deed {
        Deed::Make { channel } | Deed::Open { channel } => Some(channel),
        _ => None,
    });
    let mut met = BTreeSet::new();
    let mut made: Vec<usize> = made.filter(|it| met.insert(*it)).collect();
    made.sort_by_key(|&channel| story.channels[channel].is_private);
    let (mut pipes, mut fifos, mut pairs) = (0, 0, 0);
    for channel in made {
        let channel = &mut story.channels[channel];
        let (letter, count) = match (channel.is_pipe, &channel.fifo) {
            (_, Some(_)) => ('F', &mut fifos),
            (true, None) => ('P', &mut pipes),
            (false, None) => ('S', &mut pairs),
        };
        *count += 1;
        channel.label = format!("{letter}{count}");
    }
    for &node in &sorted {
        let node = &graph.nodes[node];
        let after = node.after.iter().map(|&before| place_of[before]);
        story.steps.push(Step {
            process: node.process,
            strand: node.strand,
            deed: node.deed.clone(),
            after: after.collect(),
        });
    }
}
