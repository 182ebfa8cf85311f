//! The ring of processes that wait for each other, drawn.

use trace::Who;
use why::{Answer, Process, WaitsFor, plain};

/// The characters of a drawing.
struct Strokes {
    right: &'static str,
    corner_above: &'static str,
    corner_below: &'static str,
    across: &'static str,
    down: &'static str,
    into: &'static str,
    arrow: &'static str,
}

const LINES: Strokes = Strokes {
    right: "│",
    corner_above: "╮",
    corner_below: "╯",
    across: "─",
    down: "│",
    into: "◀",
    arrow: "▼",
};

const ASCII: Strokes = Strokes {
    right: "|",
    corner_above: ".",
    corner_below: "'",
    across: "-",
    down: "|",
    into: "<",
    arrow: "v",
};

/// One row for each process of the ring and one for its wait, with a line
/// back from the last to the first; empty if there is no ring.
pub(crate) fn draw(answer: &Answer, is_ascii: bool) -> String {
    // A ring of threads is told in sentences: here all would bear one name.
    let is_of_threads = |pair: &[Who]| pair[0] == pair[1];
    if answer.cycle.len() > 2 && answer.cycle.windows(2).any(is_of_threads) {
        return String::new();
    }
    let strokes = if is_ascii { &ASCII } else { &LINES };
    let rows = rows(answer, strokes);
    let Some(last) = rows.len().checked_sub(1) else { return String::new() };
    let width = rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        let blank = width - row.chars().count();
        let (fill, end) = match place {
            0 => (strokes.across, strokes.corner_above),
            _ if place == last => (strokes.across, strokes.corner_below),
            _ => (" ", strokes.right),
        };
        let into = if place == 0 { strokes.into } else { fill };
        text.push_str(&format!("  {row} {into}{}{end}\n", fill.repeat(blank)));
    }
    text.push('\n');
    text
}

fn rows(answer: &Answer, strokes: &Strokes) -> Vec<String> {
    let mut rows = Vec::new();
    for pair in answer.cycle.windows(2) {
        let [who, next] = pair else { continue };
        let is_of = |process: &&Process| process.who == *who;
        let Some(process) = answer.processes.iter().find(is_of) else {
            return Vec::new();
        };
        rows.push(format!("{who} ({})", plain(&process.name)));
        rows.push(format!("{} {}", strokes.down, wait(process, next)));
        if next != &answer.cycle[0] {
            rows.push(strokes.arrow.to_owned());
        }
    }
    rows
}

/// The call, and the object on the way to the next of the ring.
fn wait(process: &Process, next: &Who) -> String {
    let others = process.threads.iter();
    let waits = [(&process.call, &process.waits_for)]
        .into_iter()
        .chain(others.map(|thread| (&thread.call, &thread.waits_for)));
    let waits: Vec<(&str, &WaitsFor)> = waits
        .filter_map(|(call, on)| Some((call.as_deref()?, on.as_ref()?)))
        .collect();
    let next = next.to_string();
    let leads = |on: &WaitsFor| {
        let mut all = on
            .holders
            .iter()
            .chain(on.any_of.iter().flat_map(|member| &member.holders));
        all.any(|holder| holder.who == next)
    };
    let found = waits.iter().find(|(_, on)| leads(on)).or(waits.first());
    let Some((call, on)) = found else {
        return "waits".to_owned();
    };
    let fd = on.fd.map_or_else(String::new, |fd| fd.to_string());
    match &on.object {
        Some(object) => format!("{call}({fd}): {}", plain(object)),
        None => format!("{call}({fd}): {}", on.kind),
    }
}
