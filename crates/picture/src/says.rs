//! The words of a picture: labels of deeds, the legend.

use std::collections::{BTreeMap, BTreeSet};

use trace::Ending;

use crate::lanes::Sheet;
use crate::order::Step;
use crate::plain::{ascii, columns, cut};
use crate::story::{Deed, End, State, Story, base};

/// Pipes below lanes: more are a wall of text.
const MOST_CHANNELS: usize = 10;
/// Letters in a box.
const MOST_LETTERS: usize = 22;

/// The label of a step on its lane.
pub(crate) fn step(sheet: &Sheet<'_>, step: &Step) -> String {
    let (story, signs) = (sheet.story, sheet.signs);
    match &step.deed {
        Deed::Create { child, .. } => {
            format!("{}{}", signs.create, lane_of(sheet, *child, 0))
        }
        Deed::Begin { thread } => {
            let letter = lane_of(sheet, step.process, *thread);
            format!("{}{letter}", signs.create)
        }
        Deed::Wait { child, .. } => {
            format!("{}wait {}", signs.collect, lane_of(sheet, *child, 0))
        }
        Deed::Exit => {
            let end = &story.processes[step.process].end;
            let is_killed = matches!(end, Some((_, Ending::Signal { .. })));
            let sign = if is_killed { signs.killed } else { signs.end };
            format!("{sign}{}", story.ending(step.process))
        }
        other => deed(story, step.process, other),
    }
}

fn lane_of(sheet: &Sheet<'_>, process: usize, thread: usize) -> String {
    let strand = sheet.story.strand(process, thread);
    let lane = sheet.lanes.of[strand];
    lane.map_or_else(
        || sheet.story.strand_letter(strand),
        |lane| sheet.lanes.letters(sheet.story, lane),
    )
}

/// What a process did, in as few words as there are.
pub(crate) fn deed(story: &Story, process: usize, deed: &Deed) -> String {
    let label = |channel: &usize| story.channels[*channel].label.as_str();
    match deed {
        Deed::Begin { thread } => {
            let strand = story.strand(process, *thread);
            format!("start thread {}", story.strand_letter(strand))
        }
        Deed::Stuck { span } => stuck(story, process, *span),
        Deed::Create { child, .. } => {
            format!("create {}", story.letter(*child))
        }
        Deed::Exec { program } => format!("exec {program}"),
        Deed::ExecFailed { path, errno } => {
            format!("exec {} {errno}", base(path))
        }
        Deed::Refused { call, errno, .. } => refused(call, errno),
        Deed::Exit => "exit".to_owned(),
        Deed::Wait { child, .. } => format!("wait {}", story.letter(*child)),
        Deed::Send { signal, to: Some(to), .. } => {
            format!("{signal} to {}", story.letter(*to))
        }
        Deed::Send { signal, is_group: true, .. } => {
            format!("{signal} to group")
        }
        Deed::Send { signal, .. } => format!("{signal} to outside"),
        Deed::Arrive { signal, from } => {
            format!("{signal} from {}", story.letter(*from))
        }
        Deed::LetGo { place, .. } => {
            format!("close {}", story.place_short(*place))
        }
        Deed::Io { place, is_write, bytes, of } => {
            moved(story, place.channel, *is_write, Some(of.unwrap_or(*bytes)))
        }
        Deed::Bytes { place, is_write, bytes } => {
            moved(story, place.channel, *is_write, *bytes)
        }
        Deed::Make { channel } => format!("make {}", label(channel)),
        Deed::Open { channel } => format!("open {}", label(channel)),
        Deed::Broken { channel } => format!("write {} fails", label(channel)),
    }
}

fn refused(call: &str, errno: &str) -> String {
    format!("{call} refused: {errno}")
}

fn stuck(story: &Story, process: usize, span: usize) -> String {
    match &story.processes[process].spans[span].state {
        State::Blocked(on) => format!("stuck: {}", story.waiting(on)),
        State::Stopped(_) => "stuck: stopped".to_owned(),
    }
}

fn moved(
    story: &Story,
    channel: usize,
    is_write: bool,
    bytes: Option<u64>,
) -> String {
    let verb = if is_write { "write" } else { "read" };
    let label = &story.channels[channel].label;
    match bytes {
        Some(0) if !is_write => format!("read {label} end"),
        Some(bytes) => format!("{verb} {label} {bytes} B"),
        None => format!("{verb} {label}"),
    }
}

/// What stands in the box of a step; nothing where a line to another lane
/// says it.
pub(crate) fn in_a_box(story: &Story, step: &Step) -> String {
    let text = match &step.deed {
        Deed::Create { .. } | Deed::Begin { .. } | Deed::Wait { .. } => {
            String::new()
        }
        Deed::Exit => story.ending(step.process),
        Deed::LetGo { place, .. } => format!("× {}", story.place_short(*place)),
        Deed::Bytes { place, is_write, bytes } => {
            let sign = if *is_write { '▼' } else { '▲' };
            let is_pipe = matches!(place.end, End::Read | End::Write);
            let label = if is_pipe {
                story.channels[place.channel].label.clone()
            } else {
                story.place_short(*place)
            };
            match bytes {
                Some(bytes) => format!("{sign} {label} {bytes} B"),
                None => format!("{sign} {label}"),
            }
        }
        deed => self::deed(story, step.process, deed),
    };
    cut(&text, MOST_LETTERS, false)
}

/// The lines below step lanes: signs, then channels.
pub(crate) fn legend(sheet: &Sheet<'_>, has_zombie: bool) -> String {
    let signs = sheet.signs;
    let mut items = Vec::new();
    let has = |wanted: fn(&Deed) -> bool| {
        sheet.story.steps.iter().any(|step| wanted(&step.deed))
    };
    if has(|deed| matches!(deed, Deed::Create { .. })) {
        items.push(format!("{} creates", signs.create));
    }
    if has(|deed| matches!(deed, Deed::Wait { .. })) {
        items.push(format!("{} waits for and collects", signs.collect));
    }
    if has(|deed| matches!(deed, Deed::Begin { .. })) {
        items.push("A/1 a thread of A, to its last deed".to_owned());
    }
    if has_zombie {
        items.push(format!("{} ended, not yet collected", signs.zombie));
    }
    for (letter, says) in [
        ('P', ["P1.r the read end of P1", "P1.w its write end"]),
        ('F', ["F1.r the read end of F1", "F1.w its write end"]),
        ('S', ["S1.a the one end of S1", "S1.b the other end"]),
    ] {
        let is_closed = sheet.story.steps.iter().any(|step| {
            matches!(step.deed, Deed::LetGo { place, by_exec: false }
                if sheet.story.channels[place.channel].label.starts_with(letter))
        });
        if is_closed {
            items.extend(says.map(str::to_owned));
        }
    }
    let mut out = wrap(&items, sheet.width);
    let channels = channels(sheet.story, sheet.style.ascii);
    out.push_str(&wrap(&channels, sheet.width));
    if sheet.style.ascii { ascii(&out) } else { out }
}

/// Each pipe that bytes went through: `pipe P1: A -> A.1 24 B`.
pub(crate) fn channels(story: &Story, is_ascii: bool) -> Vec<String> {
    type Sides = [BTreeSet<usize>; 2];
    let mut flows: BTreeMap<(usize, String), Sides> = BTreeMap::new();
    let mut sums: BTreeMap<(usize, String), Option<u64>> = BTreeMap::new();
    for step in &story.steps {
        let Deed::Bytes { place, is_write, bytes } = step.deed else {
            continue;
        };
        if bytes == Some(0) {
            continue;
        }
        let writes = if is_write { place } else { place.other() };
        let channel = &story.channels[place.channel];
        let label = match &channel.fifo {
            Some(fifo) => format!("FIFO {} ({})", channel.label, fifo.name),
            None if channel.is_pipe => format!("pipe {}", channel.label),
            None => format!("socket {}", story.place_short(writes)),
        };
        // P2 stands before P10.
        let key = (label.len(), label);
        let sides = flows.entry(key.clone()).or_default();
        sides[usize::from(!is_write)].insert(step.strand);
        let sum = sums.entry(key).or_insert(Some(0));
        if is_write {
            *sum = sum.zip(bytes).map(|(a, b)| a.saturating_add(b));
        }
    }
    let arrow = if is_ascii { "->" } else { "→" };
    let side = |strands: &BTreeSet<usize>| side(story, strands);
    let line = |(key, [from, to]): (&(usize, String), &Sides)| {
        let bytes = match sums[key] {
            Some(bytes) if bytes > 0 => format!(" {bytes} B"),
            _ => String::new(),
        };
        format!("{}: {} {arrow} {}{bytes}", key.1, side(from), side(to))
    };
    let mut lines: Vec<String> =
        flows.iter().take(MOST_CHANNELS).map(line).collect();
    if let Some(more) = flows.len().checked_sub(MOST_CHANNELS + 1) {
        lines.push(format!("and {} more", more + 1));
    }
    lines
}

/// Those who wrote, or read.
fn side(story: &Story, strands: &BTreeSet<usize>) -> String {
    let mut names = strands.iter().map(|it| story.strand_letter(*it));
    match (strands.len(), names.next()) {
        (0, _) | (_, None) => "nobody".to_owned(),
        (more @ 4.., Some(name)) => format!("{name} and {} others", more - 1),
        (_, Some(name)) => {
            names.fold(name, |all, name| format!("{all},{name}"))
        }
    }
}

/// Items with two blanks between, broken where they do not fit.
pub(crate) fn wrap(items: &[String], width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for item in items {
        let item = cut(item, width, false);
        let length = columns(&item);
        if used > 0 && used + 2 + length > width {
            out.push('\n');
            used = 0;
        }
        if used > 0 {
            out.push_str("  ");
            used += 2;
        }
        out.push_str(&item);
        used += length;
    }
    if used > 0 {
        out.push('\n');
    }
    out
}
