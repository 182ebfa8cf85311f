//! Which write's bytes were taken by which read.

use std::collections::{BTreeMap, VecDeque};

use crate::story::{Deed, Moment, Place, Story};

/// Bytes on their way from a write to the read that took them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flow {
    /// The process and its thread, and when.
    pub(crate) from: ((usize, usize), Moment),
    pub(crate) to: ((usize, usize), Moment),
    pub(crate) channel: usize,
    pub(crate) bytes: u64,
}

/// Pairs writes and reads, first in, first out, as pipes do.
pub(crate) fn flows(story: &Story) -> Vec<Flow> {
    type Io = (Moment, (usize, usize), Place, bool, u64);
    let mut io: Vec<Io> = Vec::new();
    for (process, me) in story.processes.iter().enumerate() {
        for mark in &me.marks {
            if let Deed::Io { place, is_write, bytes, .. } = mark.deed {
                let who = (process, mark.thread);
                io.push((mark.at, who, place, is_write, bytes));
            }
        }
    }
    io.sort_unstable();
    type Written = ((usize, usize), Moment, u64);
    let mut queues: BTreeMap<Place, VecDeque<Written>> = BTreeMap::new();
    let mut flows = Vec::new();
    for (at, who, place, is_write, bytes) in io {
        if is_write {
            let queue = queues.entry(place).or_default();
            queue.push_back((who, at, bytes));
            continue;
        }
        let Some(queue) = queues.get_mut(&place.other()) else { continue };
        let mut left = bytes;
        while let Some((writer, written, waiting)) = queue.front_mut() {
            if left == 0 {
                break;
            }
            let bytes = left.min(*waiting);
            let from = (*writer, *written);
            let channel = place.channel;
            flows.push(Flow { from, to: (who, at), channel, bytes });
            left -= bytes;
            *waiting -= bytes;
            if *waiting == 0 {
                queue.pop_front();
            }
        }
    }
    flows
}
