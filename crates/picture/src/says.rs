//! The words of a picture: labels of deeds, the legend.

use std::collections::BTreeMap;

use trace::Ending;

use crate::lanes::Sheet;
use crate::order::Step;
use crate::plain::{ascii, columns};
use crate::story::{Deed, Story, base};

/// The label of a step on its lane.
pub(crate) fn step(sheet: &Sheet<'_>, step: &Step) -> String {
    let (story, signs) = (sheet.story, sheet.signs);
    match &step.deed {
        Deed::Create { child, .. } => {
            format!("{}{}", signs.create, lane_of(sheet, *child))
        }
        Deed::Wait { child, .. } => {
            format!("{}wait {}", signs.collect, lane_of(sheet, *child))
        }
        Deed::Exit => {
            let end = &story.processes[step.process].end;
            let is_killed = matches!(end, Some((_, Ending::Signal { .. })));
            let sign = if is_killed { signs.killed } else { signs.end };
            format!("{sign}{}", story.ending(step.process))
        }
        other => deed(story, other),
    }
}

fn lane_of(sheet: &Sheet<'_>, process: usize) -> String {
    let lane = sheet.lanes.of[process];
    lane.map_or_else(
        || sheet.story.letter(process),
        |lane| sheet.lanes.letters(sheet.story, lane),
    )
}

/// What a process did, in as few words as there are.
pub(crate) fn deed(story: &Story, deed: &Deed) -> String {
    match deed {
        Deed::Create { child, .. } => {
            format!("create {}", story.letter(*child))
        }
        Deed::Exec { program } => format!("exec {program}"),
        Deed::ExecFailed { path, errno } => {
            format!("exec {} {errno}", base(path))
        }
        Deed::Exit => "exit".to_owned(),
        Deed::Wait { child, .. } => format!("wait {}", story.letter(*child)),
        Deed::Send { signal, to, is_group } => {
            let to = match to {
                Some(to) => story.letter(*to),
                None if *is_group => "group".to_owned(),
                None => "outside".to_owned(),
            };
            format!("{signal} to {to}")
        }
        Deed::Arrive { signal, from } => {
            format!("{signal} from {}", story.letter(*from))
        }
        Deed::LetGo { place, .. } => {
            format!("close {}", story.place_short(*place))
        }
        Deed::Io { place, is_write, bytes } => {
            moved(story, place.channel, *is_write, Some(*bytes))
        }
        Deed::Bytes { place, is_write, bytes } => {
            moved(story, place.channel, *is_write, *bytes)
        }
        Deed::Make { channel } => {
            format!("make {}", story.channels[*channel].label)
        }
        Deed::Broken { channel } => {
            format!("write {} fails", story.channels[*channel].label)
        }
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
    if has_zombie {
        items.push(format!("{} ended, not yet collected", signs.zombie));
    }
    for is_pipe in [true, false] {
        let is_closed = sheet.story.steps.iter().any(|step| {
            matches!(step.deed, Deed::LetGo { place, by_exec: false }
                if sheet.story.channels[place.channel].is_pipe == is_pipe)
        });
        let says = ["S1.a S1.b the ends of S1", "P1.r P1.w the ends of P1"];
        if is_closed {
            items.push(says[usize::from(is_pipe)].to_owned());
        }
    }
    let mut out = wrap(&items, sheet.width);
    out.push_str(&wrap(&channels(sheet), sheet.width));
    if sheet.style.ascii { ascii(&out) } else { out }
}

/// Each pipe that bytes went through: `P1: A -> A.1 24 B`.
fn channels(sheet: &Sheet<'_>) -> Vec<String> {
    let story = sheet.story;
    let mut flows: BTreeMap<String, [Vec<String>; 2]> = BTreeMap::new();
    let mut sums: BTreeMap<String, Option<u64>> = BTreeMap::new();
    for step in &story.steps {
        let Deed::Bytes { place, is_write, bytes } = step.deed else {
            continue;
        };
        if bytes == Some(0) {
            continue;
        }
        let writes = if is_write { place } else { place.other() };
        let mut key = story.channels[place.channel].label.clone();
        if !story.channels[place.channel].is_pipe {
            key = story.place_short(writes);
        }
        let sides = flows.entry(key.clone()).or_default();
        sides[usize::from(!is_write)].push(story.letter(step.process));
        let sum = sums.entry(key).or_insert(Some(0));
        if is_write {
            *sum = sum.zip(bytes).map(|(a, b)| a.saturating_add(b));
        }
    }
    let arrow = if sheet.style.ascii { "->" } else { "→" };
    let side = |names: &Vec<String>| match names.len() {
        0 => "nobody".to_owned(),
        1..=3 => names.join(","),
        more => format!("{} and {} others", names[0], more - 1),
    };
    let line = |(label, [from, to]): (&String, &[Vec<String>; 2])| {
        let bytes = match sums[label] {
            Some(bytes) if bytes > 0 => format!(" {bytes} B"),
            _ => String::new(),
        };
        format!("{label}: {} {arrow} {}{bytes}", side(from), side(to))
    };
    flows.iter().take(20).map(line).collect()
}

/// Items with two blanks between, broken where they do not fit.
pub(crate) fn wrap(items: &[String], width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for item in items {
        let item = crate::plain::cut(item, width, false);
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
