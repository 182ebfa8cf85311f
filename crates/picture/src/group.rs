//! Which processes get a lane of their own, and which share one.

use std::collections::{BTreeMap, BTreeSet};

use trace::Ending;

use crate::story::{Deed, Story};

/// Up to so many processes have a lane each.
const FEW: usize = 8;
/// More lanes than these are no picture.
const MOST: usize = 50;

/// The lanes of a picture, in tree order.
pub(crate) struct Lanes {
    pub(crate) all: Vec<Lane>,
    /// By process; `None` if another stands for it, or nobody.
    pub(crate) of: Vec<Option<usize>>,
    /// Processes whose lanes were too many.
    pub(crate) left_out: usize,
}

/// One lane: a process, and those beside it that did the same.
pub(crate) struct Lane {
    pub(crate) process: usize,
    /// All of them, `process` first.
    pub(crate) members: Vec<usize>,
}

impl Lane {
    fn new(process: usize) -> Self {
        Self { process, members: vec![process] }
    }
}

impl Lanes {
    pub(crate) fn new(story: &Story) -> Self {
        let count = story.processes.len();
        if count <= FEW {
            return Self::of(count, (0..count).map(Lane::new).collect());
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
        Self { left_out, ..Self::of(count, lanes) }
    }

    fn of(count: usize, all: Vec<Lane>) -> Self {
        let mut of = vec![None; count];
        for (number, lane) in all.iter().enumerate() {
            of[lane.process] = Some(number);
        }
        Self { all, of, left_out: 0 }
    }

    /// `A.2`, or `A.2..A.9 x8`.
    pub(crate) fn letters(&self, story: &Story, lane: usize) -> String {
        let lane = &self.all[lane];
        let first = story.letter(lane.process);
        match (lane.members.len(), lane.members.last()) {
            (count @ 2.., Some(&last)) => {
                format!("{first}..{} x{count}", story.letter(last))
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
            Some(lane) => lane.members.push(process),
            None => lanes.push(Lane::new(process)),
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
