//! What the page's script moves over: events, descriptors, waits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::chart::{Chart, Row};
use crate::says;
use crate::story::{Deed, End, Place, State, Story};
use crate::svg::{sentence, state};

/// Stops of the cursor; a browser moves over so many without a pause.
const MOST_STOPS: usize = 20_000;
/// Descriptors, and waits.
const MOST_HOLDINGS: usize = 20_000;

/// The data of a page.
pub(crate) fn data(story: &Story, chart: &Chart) -> Value {
    let (stops, hang) = stops(story);
    json!({
        "start": hang.unwrap_or_else(|| busiest(story, &stops)),
        "seesWaits": story.sees_waits(),
        "events": events(story, &stops, chart),
        "processes": processes(story, chart),
        "holdings": holdings(story),
        "spans": spans(story),
        "ends": ends(story),
    })
}

/// A moment at which the cursor can stand, and what is said there.
struct Stop {
    seq: u64,
    t_us: u64,
    process: usize,
    thread: usize,
    says: String,
}

/// Every deed, and the moment of a hang, in the order of the trace.
///
/// # Returns
/// The stops, and which of them is the hang.
fn stops(story: &Story) -> (Vec<Stop>, Option<usize>) {
    let mut all = Vec::new();
    for (process, me) in story.processes.iter().enumerate() {
        let is_part = |deed: &Deed| matches!(deed, Deed::Io { of: None, .. });
        for mark in me.marks.iter().filter(|it| !is_part(&it.deed)) {
            let says = match &mark.deed {
                Deed::Exit => story.ending(process),
                deed => says::deed(story, process, deed),
            };
            let (seq, t_us) = (mark.at.seq, mark.at.t_us);
            all.push(Stop { seq, t_us, process, thread: mark.thread, says });
        }
    }
    all.sort_by_key(|stop| stop.seq);
    let at = hang(story, &all).map(|hang| {
        let behind = all.partition_point(|stop| stop.seq <= hang.seq);
        all.insert(behind, hang);
        behind
    });
    all.truncate(MOST_STOPS);
    let at = at.filter(|&at| at < all.len());
    (all, at)
}

/// Between the last deed before the first end of a stuck process and that
/// end, where everybody is stuck who will be.
fn hang(story: &Story, all: &[Stop]) -> Option<Stop> {
    let stuck = story.processes.iter().enumerate().filter_map(|(p, me)| {
        let span = me.spans.iter().rfind(|span| {
            matches!(span.state, State::Blocked(_)) && story.is_stuck(p, span)
        })?;
        let end = me.end.as_ref()?.0;
        Some((end, p, state(story, p, span).1))
    });
    let (end, process, label) = stuck.min_by_key(|&(end, ..)| end)?;
    let before = all.iter().rev().find(|stop| stop.seq < end.seq);
    let from_us = before.map_or(0, |stop| stop.t_us);
    Some(Stop {
        seq: end.seq.checked_sub(1)?,
        t_us: from_us / 2 + end.t_us / 2,
        process,
        thread: 0,
        says: sentence("stuck", &label),
    })
}

fn events(story: &Story, stops: &[Stop], chart: &Chart) -> Vec<Value> {
    let event = |stop: &Stop| {
        let Stop { seq, t_us, process, thread, ref says } = *stop;
        let x = (chart.x(t_us) * 10.0).round() / 10.0;
        if thread == 0 {
            return json!([seq, t_us, x, process, says]);
        }
        let row = chart.row_of(story, process, thread);
        let letter = story.strand_letter(story.strand(process, thread));
        json!([seq, t_us, x, process, says, row.map(Row::middle), letter])
    };
    stops.iter().map(event).collect()
}

/// The stop at which most ends of pipes are held, or most processes live.
fn busiest(story: &Story, stops: &[Stop]) -> usize {
    // By event: how many ends and processes more, or fewer, there are.
    let mut changes: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    for held in story.holdings.iter().filter(|held| held.place.is_some()) {
        changes.entry(held.from.seq).or_default().0 += 1;
        if let Some(until) = held.until {
            changes.entry(until.seq).or_default().0 -= 1;
        }
    }
    for me in &story.processes {
        changes.entry(me.birth.seq).or_default().1 += 1;
        if let Some((end, _)) = &me.end {
            changes.entry(end.seq).or_default().1 -= 1;
        }
    }
    let mut changes = changes.into_iter().peekable();
    let (mut now, mut best) = ((0, 0), ((0, 0), 0));
    for (number, stop) in stops.iter().enumerate() {
        while let Some((_, more)) = changes.next_if(|(at, _)| *at <= stop.seq) {
            now = (now.0 + more.0, now.1 + more.1);
        }
        if now > best.0 {
            best = (now, number);
        }
    }
    best.1
}

fn processes(story: &Story, chart: &Chart) -> Vec<Value> {
    let data = |process: usize| {
        let me = &story.processes[process];
        json!({
            "who": story.letter(process),
            "title": story.title(process),
            "birth": me.birth.seq,
            "end": me.end.as_ref().map(|(end, _)| end.seq),
            "gone": story.gone_us(process),
            "y": chart.row_of(story, process, 0).map(Row::middle),
        })
    };
    (0..story.processes.len()).map(data).collect()
}

fn holdings(story: &Story) -> Vec<Value> {
    let all = story.holdings.iter().take(MOST_HOLDINGS);
    all.map(|held| {
        let until = held.until.map(|until| until.seq);
        let name = story.holds(held);
        let is_end = held.place.is_some();
        json!([held.process, held.fd, name, held.from.seq, until, is_end])
    })
    .collect()
}

/// Waits and stops: whose, from when, until when, what, and which end could
/// end it.
fn spans(story: &Story) -> Vec<Value> {
    let mut all = Vec::new();
    for (process, me) in story.processes.iter().enumerate() {
        for span in me.spans.iter().filter(|span| span.thread == 0) {
            if all.len() == MOST_HOLDINGS {
                return all;
            }
            let (class, says) = state(story, process, span);
            let other = match &span.state {
                State::Blocked(on) => on.place.map(|p| story.place(p.other())),
                State::Stopped(_) => None,
            };
            let (from, until) = (span.from_us, span.until_us);
            let says = sentence(class, &says);
            all.push(json!([process, from, until, class, says, other]));
        }
    }
    all
}

/// Both ends of each channel, in pairs.
fn ends(story: &Story) -> Vec<[String; 2]> {
    let mut channels: Vec<usize> = (0..story.channels.len()).collect();
    channels.sort_by_key(|&channel| {
        let label = &story.channels[channel].label;
        (label.len(), label.clone())
    });
    channels.truncate(MOST_HOLDINGS);
    let both = channels.into_iter().map(|channel| {
        let ends = if story.channels[channel].is_pipe {
            [End::Read, End::Write]
        } else {
            [End::First, End::Second]
        };
        ends.map(|end| story.place(Place { channel, end }))
    });
    both.collect()
}
