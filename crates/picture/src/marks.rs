//! The signs below a lane: what a process did at an instant.

use crate::chart::{Chart, LEFT, PLOT};
use crate::plain::columns;
use crate::says;
use crate::story::{Deed, Mark, Story, duration};
use crate::strand::Strand;

/// Signs nearer than this would lie on each other.
const APART: f64 = 8.0;
/// The width of a letter of a sign's label.
const LETTER: f64 = 6.1;
/// More deeds behind one sign are counted, not listed.
const MOST_LISTED: usize = 12;

/// One sign, for one deed or for several that are too near to each other.
pub(crate) struct Sign {
    pub(crate) x: f64,
    pub(crate) class: &'static str,
    /// The sign, and what it concerns where there is room for it.
    pub(crate) text: String,
    /// One line a deed.
    pub(crate) says: String,
}

/// The sign of a deed that has one.
pub(crate) fn sign(deed: &Deed) -> Option<(&'static str, &'static str)> {
    Some(match deed {
        Deed::Send { .. } => ("signal", "!"),
        Deed::ExecFailed { .. } | Deed::Refused { .. } => ("signal", "?"),
        Deed::Io { of: None, .. } => return None,
        Deed::Io { is_write: true, .. } => ("io", "▼"),
        Deed::Io { is_write: false, .. } => ("io", "▲"),
        Deed::LetGo { .. } => ("io", "×"),
        _ => return None,
    })
}

/// The signs of a thread, from left to right.
///
/// # Arguments
/// `all`: whether reads, writes and closes have signs too.
pub(crate) fn signs(
    story: &Story,
    chart: &Chart,
    own: Strand,
    all: bool,
) -> Vec<Sign> {
    let mut heaps: Vec<(f64, Vec<&Mark>)> = Vec::new();
    let marks = story.processes[own.process].marks.iter();
    for mark in marks.filter(|mark| mark.thread == own.thread) {
        if !sign(&mark.deed).is_some_and(|(class, _)| all || class == "signal")
        {
            continue;
        }
        let x = chart.x(mark.at.t_us);
        match heaps.last_mut() {
            Some((first, heap)) if x - *first < APART => heap.push(mark),
            _ => heaps.push((x, vec![mark])),
        }
    }
    let ends: Vec<f64> = heaps.iter().skip(1).map(|(x, _)| *x).collect();
    let ends = ends.into_iter().chain([LEFT + PLOT]);
    let drawn = heaps.iter().zip(ends);
    let process = own.process;
    drawn.map(|((x, h), end)| of(story, process, *x, h, end - x)).collect()
}

fn of(
    story: &Story,
    process: usize,
    x: f64,
    heap: &[&Mark],
    room: f64,
) -> Sign {
    let known: Vec<_> = heap.iter().filter_map(|m| sign(&m.deed)).collect();
    let is_signal = known.iter().any(|(class, _)| *class == "signal");
    let class = if is_signal { "signal" } else { "io" };
    let first = known.first().map_or("", |(_, sign)| *sign);
    let is_alike = known.iter().all(|(_, sign)| *sign == first);
    let mut text = match (is_alike, is_signal) {
        (true, _) => first,
        (false, true) => "!",
        (false, false) => "∗",
    }
    .to_owned();
    let label = concerns(story, &heap[0].deed);
    let is_alike =
        is_alike && heap.iter().all(|m| concerns(story, &m.deed) == label);
    if is_alike && (columns(&label) + 2) as f64 * LETTER < room {
        text.push_str(&label);
    }
    let line = |mark: &&Mark| {
        let deed = says::deed(story, process, &mark.deed);
        format!("{deed} at {}", duration(mark.at.t_us))
    };
    let mut says: Vec<String> =
        heap.iter().take(MOST_LISTED).map(line).collect();
    if heap.len() > MOST_LISTED {
        says.push(format!("and {} more", heap.len() - MOST_LISTED));
    }
    Sign { x, class, text, says: says.join("; ") }
}

/// The noun of a deed, in a few letters.
fn concerns(story: &Story, deed: &Deed) -> String {
    match deed {
        Deed::Send { signal, .. } => signal.clone(),
        Deed::Io { place, .. } => story.channels[place.channel].label.clone(),
        Deed::LetGo { place, .. } => story.place_short(*place),
        _ => String::new(),
    }
}
