//! What had to happen before what, in different processes.

use std::collections::{BTreeMap, BTreeSet};

use trace::Ending;

use crate::order::Graph;
use crate::story::{Deed, End, Place, Story};
use crate::strand::Strand;

/// By strand the node of its total.
type Totals = BTreeMap<usize, usize>;

/// Where the deeds that cause something, or wait for a cause, stand.
#[derive(Default)]
struct Found {
    exits: BTreeMap<usize, usize>,
    /// By sender and signal.
    sends: BTreeMap<(usize, String), Vec<Sent>>,
    /// By channel end and direction: strand -> the node of its total.
    totals: BTreeMap<(Place, bool), Totals>,
    /// By end: strand -> the node with which it last let go of it.
    let_go: BTreeMap<Place, BTreeMap<usize, usize>>,
}

#[derive(Clone, Copy)]
struct Sent {
    node: usize,
    to: Option<usize>,
    is_group: bool,
}

/// Adds the causes to the graph, and takes from the totals the numbers that
/// another run might not repeat.
pub(crate) fn find(story: &Story, graph: &mut Graph) {
    let found = Found::new(story, graph);
    found.advance_writes(story, graph);
    found.lives(story, graph);
    found.last_threads(story, graph);
    found.signals(story, graph);
    found.deaths(story, graph);
    found.bytes(story, graph);
    found.ends_of_file(story, graph);
    found.broken_pipes(story, graph);
}

impl Found {
    fn new(story: &Story, graph: &Graph) -> Self {
        let mut found = Self::default();
        for (number, node) in graph.nodes.iter().enumerate() {
            let me = node.process;
            match &node.deed {
                Deed::Exit => {
                    found.exits.insert(me, number);
                    for &place in &story.processes[me].held_at_end {
                        found.letting_go(place, node.strand, number);
                    }
                }
                Deed::LetGo { place, .. } => {
                    found.letting_go(*place, node.strand, number);
                }
                Deed::Send { signal, to, is_group } => {
                    let sent =
                        Sent { node: number, to: *to, is_group: *is_group };
                    let key = (me, signal.clone());
                    found.sends.entry(key).or_default().push(sent);
                }
                Deed::Bytes { place, is_write, .. } => {
                    let key = (*place, *is_write);
                    let totals = found.totals.entry(key).or_default();
                    totals.insert(node.strand, number);
                }
                _ => {}
            }
        }
        found
    }

    fn letting_go(&mut self, place: Place, strand: usize, node: usize) {
        // The nodes of a thread come in program order: the last one stays.
        self.let_go.entry(place).or_default().insert(strand, node);
    }

    /// Create before the first deed, exit before the wait, and for vfork the
    /// child's exec before the parent's next deed.
    fn lives(&self, story: &Story, graph: &mut Graph) {
        for parent in 0..graph.lines.len() {
            let line = graph.lines[parent].clone();
            let process = story.strands[parent].process;
            for (number, &node) in line.iter().enumerate() {
                match graph.nodes[node].deed {
                    Deed::Begin { thread } => {
                        let begun = story.strand(process, thread);
                        if let Some(&first) = graph.lines[begun].first() {
                            graph.cause(node, first);
                        }
                    }
                    Deed::Create { child, waits_for_exec } => {
                        let child = story.strand(child, 0);
                        let Some(&first) = graph.lines[child].first() else {
                            continue;
                        };
                        graph.cause(node, first);
                        let next = line.get(number + 1);
                        if let (true, Some(&next)) = (waits_for_exec, next) {
                            free_the_parent(graph, child, next);
                        }
                    }
                    Deed::Wait { child, .. } => {
                        if let Some(&exit) = self.exits.get(&child) {
                            graph.cause(exit, node);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// With a process end all its threads.
    fn last_threads(&self, story: &Story, graph: &mut Graph) {
        for (&process, &exit) in &self.exits {
            for thread in 1..story.processes[process].threads.len() {
                let strand = story.strand(process, thread);
                if let Some(&last) = graph.lines[strand].last() {
                    graph.cause(last, exit);
                }
            }
        }
    }

    /// The k-th arrival comes after the k-th sending at the earliest.
    fn signals(&self, story: &Story, graph: &mut Graph) {
        for process in 0..story.processes.len() {
            let mut counts: BTreeMap<(usize, String), usize> = BTreeMap::new();
            let strands = 0..story.processes[process].threads.len();
            let strands = strands.map(|thread| story.strand(process, thread));
            let nodes: Vec<usize> =
                strands.flat_map(|it| graph.lines[it].clone()).collect();
            for node in nodes {
                let Deed::Arrive { signal, from } = &graph.nodes[node].deed
                else {
                    continue;
                };
                let key = (*from, signal.clone());
                let sent = self.sent_to(process, &key);
                let count = counts.entry(key).or_default();
                if let Some(&before) = sent.get(*count) {
                    graph.cause(before, node);
                }
                *count += 1;
            }
        }
    }

    fn sent_to(&self, to: usize, key: &(usize, String)) -> Vec<usize> {
        let sent = self.sends.get(key).into_iter().flatten();
        sent.filter(|sent| sent.to == Some(to) || sent.is_group)
            .map(|sent| sent.node)
            .collect()
    }

    /// SIGKILL has no arrival: its victim's exit stands for it. With several
    /// senders nobody knows whose signal it was.
    fn deaths(&self, story: &Story, graph: &mut Graph) {
        for (&process, &exit) in &self.exits {
            let Some((_, Ending::Signal { signal })) =
                &story.processes[process].end
            else {
                continue;
            };
            let senders: Vec<usize> = self
                .sends
                .keys()
                .filter(|(_, sent)| sent == signal)
                .filter_map(|key| self.sent_to(process, key).first().copied())
                .collect();
            if let [only] = senders[..] {
                graph.cause(only, exit);
            }
        }
    }

    /// Each end that was written to, its writers and its readers, by strand.
    fn written(
        &self,
    ) -> impl Iterator<Item = (Place, &Totals, Option<&Totals>)> {
        let all = self.totals.iter().filter(|((_, is_write), _)| *is_write);
        all.map(|((place, _), writers)| {
            let readers = self.totals.get(&(place.other(), false));
            (*place, writers, readers)
        })
    }

    /// Where not one reader read all, whoever alone wrote may have written on
    /// when a reader had enough: its first write was before.
    fn advance_writes(&self, story: &Story, graph: &mut Graph) {
        for (place, writers, readers) in self.written() {
            let Some(readers) = readers else { continue };
            let is_one = readers.len() == 1;
            let (Some(&writer), 1) = (writers.values().next(), writers.len())
            else {
                continue;
            };
            if is_one && is_whole(story, graph, place, writers, readers) {
                continue;
            }
            graph.advance(writer);
            for &reader in readers.values() {
                if has_read_of(story, graph, writer, reader) {
                    graph.cause(writer, reader);
                }
            }
        }
    }

    fn bytes(&self, story: &Story, graph: &mut Graph) {
        let nobody = Totals::new();
        for (place, writers, readers) in self.written() {
            let readers = readers.unwrap_or(&nobody);
            let is_whole = is_whole(story, graph, place, writers, readers);
            if let (true, Some(&reader), 1) =
                (is_whole, readers.values().next(), readers.len())
            {
                for &writer in writers.values() {
                    graph.cause(writer, reader);
                }
            }
            for side in [writers, readers] {
                for &node in side.values() {
                    hide_a_chance_number(graph, node, is_whole, side.len());
                }
            }
        }
    }

    /// Read 0 means: nobody has the write end any more. A socket can be shut
    /// down while it is open, so it proves nothing there.
    fn ends_of_file(&self, story: &Story, graph: &mut Graph) {
        for ((place, is_write), readers) in &self.totals {
            let is_last = !is_reopened(story, place.channel);
            if *is_write || place.end != End::Read || !is_last {
                continue;
            }
            let Some(let_go) = self.let_go.get(&place.other()) else {
                continue;
            };
            for (&reader, &node) in readers {
                if !saw_the_end(story, reader, *place) {
                    continue;
                }
                for &before in let_go.values() {
                    graph.cause(before, node);
                }
            }
        }
    }

    fn broken_pipes(&self, story: &Story, graph: &mut Graph) {
        for node in 0..graph.nodes.len() {
            let Deed::Broken { channel } = graph.nodes[node].deed else {
                continue;
            };
            if is_reopened(story, channel) {
                continue;
            }
            let place = Place { channel, end: End::Read };
            let let_go = self.let_go.get(&place).into_iter().flatten();
            for (_, &before) in let_go {
                graph.cause(before, node);
            }
        }
    }
}

/// Whether an end of file there, or a broken pipe, may not have been the last.
fn is_reopened(story: &Story, channel: usize) -> bool {
    let fifo = story.channels[channel].fifo.as_ref();
    fifo.is_some_and(|fifo| fifo.is_reopened)
}

fn free_the_parent(graph: &mut Graph, child: usize, next: usize) {
    let frees = graph.lines[child].iter().copied().find(|&node| {
        matches!(graph.nodes[node].deed, Deed::Exec { .. } | Deed::Exit)
    });
    if let Some(before) = frees {
        graph.cause(before, next);
    }
}

fn sum(graph: &Graph, side: &Totals) -> u64 {
    side.values().fold(0, |sum: u64, &node| match graph.nodes[node].deed {
        Deed::Bytes { bytes: Some(bytes), .. } => sum.saturating_add(bytes),
        _ => sum,
    })
}

/// Whether every byte that was written there was read, by people who came to
/// their end.
fn is_whole(
    story: &Story,
    graph: &Graph,
    place: Place,
    writers: &Totals,
    readers: &Totals,
) -> bool {
    let all = writers.values().chain(readers.values());
    let people: BTreeSet<usize> =
        all.map(|&node| graph.nodes[node].process).collect();
    let is_read = sum(graph, writers) == sum(graph, readers);
    (is_read || readers.is_empty())
        && !is_cut(story, graph, place.channel, &people)
}

/// Whether a reader has read bytes behind the first write, as the trace has
/// it: others may have written what it read, unobserved.
fn has_read_of(
    story: &Story,
    graph: &Graph,
    writer: usize,
    reader: usize,
) -> bool {
    let seq = |node: usize, which: usize| {
        let node = &graph.nodes[node];
        story.processes[node.process].marks[node.marks[which]].at.seq
    };
    let Deed::Bytes { bytes, .. } = graph.nodes[reader].deed else {
        return false;
    };
    bytes != Some(0) && seq(writer, 0) < seq(reader, 1)
}

/// Whether somebody was stopped in the middle of his writing or reading, so
/// that another run may count otherwise.
fn is_cut(
    story: &Story,
    graph: &Graph,
    channel: usize,
    people: &BTreeSet<usize>,
) -> bool {
    let killed = people.iter().any(|&process| {
        !matches!(story.processes[process].end, Some((_, Ending::Code { .. })))
    });
    let broke = |node: &usize| {
        matches!(graph.nodes[*node].deed,
            Deed::Broken { channel: broken } if broken == channel)
    };
    let threads = |&p: &usize| 0..story.processes[p].threads.len();
    let mut strands = people
        .iter()
        .flat_map(|p| threads(p).map(|thread| story.strand(*p, thread)));
    killed || strands.any(|strand| graph.lines[strand].iter().any(broke))
}

/// Keeps a total only if it is the same in every run: all that was written
/// was read, and no second process could have taken a part of it.
fn hide_a_chance_number(
    graph: &mut Graph,
    node: usize,
    is_whole: bool,
    sharers: usize,
) {
    let Deed::Bytes { bytes, .. } = &mut graph.nodes[node].deed else { return };
    if (!is_whole || sharers > 1) && *bytes != Some(0) {
        *bytes = None;
    }
}

fn saw_the_end(story: &Story, reader: usize, place: Place) -> bool {
    let Strand { process, thread } = story.strands[reader];
    let marks = story.processes[process].marks.iter().rev();
    let mut own = marks.filter(|mark| mark.thread == thread);
    let last = own.find_map(|mark| match mark.deed {
        Deed::Io { place: read, is_write: false, bytes, .. }
            if read == place =>
        {
            Some(bytes)
        }
        _ => None,
    });
    last == Some(0)
}
