//! Which processes get a lane of their own, and which share one.

use std::collections::{BTreeMap, BTreeSet};

use trace::Ending;

use crate::story::{Deed, Story};

/// Up to so many processes have a lane each.
const FEW: usize = 8;
/// More lanes than these are no picture.
const MOST: usize = 50;
/// Up to so many threads of a process have a lane each.
const FEW_THREADS: usize = 6;

/// The lanes of a picture, in tree order.
pub(crate) struct Lanes {
    pub(crate) all: Vec<Lane>,
    /// By strand; `None` if another stands for it, or nobody.
    pub(crate) of: Vec<Option<usize>>,
    /// Processes whose lanes were too many.
    pub(crate) left_out: usize,
    /// Threads whose lanes were.
    pub(crate) threads_left_out: usize,
}

/// One lane: a process, and those beside it that did the same; or a thread,
/// below its process.
pub(crate) struct Lane {
    pub(crate) process: usize,
    /// The first of its members.
    pub(crate) strand: usize,
    pub(crate) is_thread: bool,
    /// All of them, as strands.
    pub(crate) members: Vec<usize>,
}

impl Lane {
    fn new(story: &Story, process: usize) -> Self {
        let strand = story.strand(process, 0);
        Self { process, strand, is_thread: false, members: vec![strand] }
    }

    fn of_threads(process: usize, members: Vec<usize>) -> Self {
        let strand = members[0];
        Self { process, strand, is_thread: true, members }
    }
}

impl Lanes {
    pub(crate) fn new(story: &Story) -> Self {
        let count = story.processes.len();
        if count <= FEW {
            let lanes = (0..count).map(|process| Lane::new(story, process));
            return Self::with_threads(story, lanes.collect());
        }
        let mut lanes = collapse(story, &shapes(story, true));
        if lanes.len() > MOST {
            lanes = collapse(story, &shapes(story, false));
        }
        let kept = the_odd_ones(story, lanes.len().min(MOST), &lanes);
        let is_kept = |lane: &Lane| kept.contains(&lane.process);
        let (lanes, rest): (Vec<Lane>, Vec<Lane>) =
            lanes.into_iter().partition(is_kept);
        let left_out = rest.iter().map(|lane| lane.members.len()).sum();
        Self { left_out, ..Self::with_threads(story, lanes) }
    }

    /// Puts the threads below their processes, as far as there is room. The
    /// threads of a crowd have none.
    fn with_threads(story: &Story, lanes: Vec<Lane>) -> Self {
        let threads = |lane: &Lane| match lane.members.len() {
            1 => story.processes[lane.process].threads.len() - 1,
            _ => 0,
        };
        let few = [FEW_THREADS, 1, 0].into_iter().find(|&few| {
            let shown = lanes.iter().map(|lane| match threads(lane) {
                count if count <= few => count,
                _ => few.min(1),
            });
            lanes.len() + shown.sum::<usize>() <= MOST
        });
        let few = few.unwrap_or(0);
        let mut all: Vec<Lane> = Vec::new();
        for lane in lanes {
            let (process, first) = (lane.process, lane.strand + 1);
            let strands = first..first + threads(&lane);
            all.push(lane);
            if strands.len() <= few {
                let one = |strand| Lane::of_threads(process, vec![strand]);
                all.extend(strands.map(one));
            } else if few > 0 {
                all.push(Lane::of_threads(process, strands.collect()));
            }
        }
        let shown = all.iter().filter(|lane| lane.is_thread);
        let shown: usize = shown.map(|lane| lane.members.len()).sum();
        let every = story.strands.len() - story.processes.len();
        let mut of = vec![None; story.strands.len()];
        for (number, lane) in all.iter().enumerate() {
            of[lane.strand] = Some(number);
        }
        let threads_left_out = every - shown;
        Self { all, of, left_out: 0, threads_left_out }
    }

    /// The lane of a process.
    pub(crate) fn of_process(
        &self,
        story: &Story,
        process: usize,
    ) -> Option<usize> {
        self.of[story.strand(process, 0)]
    }

    /// How far a lane's name is indented.
    pub(crate) fn depth(&self, story: &Story, lane: usize) -> usize {
        let lane = &self.all[lane];
        story.processes[lane.process].depth + usize::from(lane.is_thread)
    }

    /// The role behind a lane's letters; threads have none.
    pub(crate) fn name<'a>(&self, story: &'a Story, lane: usize) -> &'a str {
        let lane = &self.all[lane];
        match (lane.is_thread, lane.members.len()) {
            (false, _) => &story.processes[lane.process].name,
            (true, 1) => "thread",
            (true, _) => "threads",
        }
    }

    /// What has no lane here, as sentences.
    pub(crate) fn omissions(&self) -> Vec<String> {
        let mut says = Vec::new();
        if self.left_out > 0 {
            let more = self.left_out;
            says.push(format!("{more} more processes have no lane here"));
        }
        if self.threads_left_out > 0 {
            let more = self.threads_left_out;
            says.push(format!("{more} more threads have no lane here"));
        }
        says
    }

    /// `A.2`, or `A.2..A.9 x8`.
    pub(crate) fn letters(&self, story: &Story, lane: usize) -> String {
        let lane = &self.all[lane];
        let first = story.strand_letter(lane.strand);
        match (lane.members.len(), lane.members.last()) {
            (count @ 2.., Some(&last)) => {
                format!("{first}..{} x{count}", story.strand_letter(last))
            }
            _ => first,
        }
    }
}

type Shape = (String, Vec<String>, String, Vec<usize>);

/// Equal numbers mean: same role, same programs, same end, and, if `strict`,
/// children of the same shapes.
fn shapes(story: &Story, strict: bool) -> Vec<usize> {
    let mut known: BTreeMap<Shape, usize> = BTreeMap::new();
    let mut shapes = vec![0; story.processes.len()];
    // Children stand behind their parents.
    for process in (0..story.processes.len()).rev() {
        let me = &story.processes[process];
        let programs = me.marks.iter().filter_map(|mark| match &mark.deed {
            Deed::Exec { program } => Some(program.clone()),
            _ => None,
        });
        let (programs, mut children) = if strict {
            let children = me.children.iter().map(|&child| shapes[child]);
            (programs.collect(), children.collect())
        } else {
            (programs.rev().take(1).collect(), Vec::new())
        };
        children.sort_unstable();
        let shape =
            (me.name.clone(), programs, story.ending(process), children);
        let number = known.len();
        shapes[process] = *known.entry(shape).or_insert(number);
    }
    shapes
}

/// Siblings of one shape share a lane; so do the children of such siblings.
fn collapse(story: &Story, shapes: &[usize]) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut lane_of = vec![0; story.processes.len()];
    let mut known: BTreeMap<(Option<usize>, usize), usize> = BTreeMap::new();
    for (process, me) in story.processes.iter().enumerate() {
        let key = (me.parent.map(|parent| lane_of[parent]), shapes[process]);
        let lane = *known.entry(key).or_insert(lanes.len());
        lane_of[process] = lane;
        match lanes.get_mut(lane) {
            Some(lane) => lane.members.push(story.strand(process, 0)),
            None => lanes.push(Lane::new(story, process)),
        }
    }
    lanes
}

/// The processes of the lanes at the top of the tree, and of those that ended
/// badly.
fn the_odd_ones(story: &Story, most: usize, lanes: &[Lane]) -> BTreeSet<usize> {
    let rank = |process: &usize| {
        let me = &story.processes[*process];
        let ended_well = matches!(me.end, Some((_, Ending::Code { code: 0 })));
        (me.depth > 1 && ended_well, me.depth, *process)
    };
    let mut processes: Vec<usize> =
        lanes.iter().map(|lane| lane.process).collect();
    processes.sort_by_key(rank);
    processes.truncate(most);
    processes.into_iter().collect()
}
