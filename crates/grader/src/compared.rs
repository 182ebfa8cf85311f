//! What was printed, beside what was expected.

use trace::Who;

use crate::expected::{Expected, Group, Line};
use crate::history::History;
use crate::pattern::Names;
use crate::plain::quoted;

/// How an output differs from what was expected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Difference {
    /// In one sentence without its subject.
    pub(crate) says: String,
    /// Whether the lines are the right ones in another order.
    pub(crate) is_order: bool,
    /// Who wrote a line that another should have written, and which line.
    pub(crate) stray: Option<(Who, String)>,
}

/// As much of a line is quoted.
const QUOTED: usize = 60;

/// One line of an output, and who may have written it.
struct Written<'a> {
    text: String,
    writers: Vec<&'a Who>,
}

/// Compares an output; `None` if it is as expected.
pub(crate) fn compare(
    expected: &Expected,
    output: &[u8],
    history: &History<'_>,
    is_stdout: bool,
) -> Option<Difference> {
    match expected {
        Expected::Anything => None,
        Expected::Exactly(content) => exactly(&content.bytes(), output),
        Expected::Lines(groups) => {
            let written = written(output, history, is_stdout);
            lines(groups, &written, history)
        }
    }
}

fn exactly(expected: &[u8], output: &[u8]) -> Option<Difference> {
    if expected == output {
        return None;
    }
    if let Some(says) = last_newline(expected, output) {
        let says = says.to_owned();
        return Some(Difference { says, is_order: false, stray: None });
    }
    let sorted = |bytes: &[u8]| {
        let mut lines: Vec<Vec<u8>> =
            bytes.split(|it| *it == b'\n').map(<[u8]>::to_vec).collect();
        lines.sort();
        lines
    };
    let is_order = sorted(expected) == sorted(output);
    let (mut a, mut b) =
        (expected.split(|it| *it == b'\n'), output.split(|it| *it == b'\n'));
    let mut number = 0;
    let (wanted, found) = loop {
        number += 1;
        match (a.next(), b.next()) {
            (wanted, found) if wanted != found => break (wanted, found),
            (None, None) => break (None, None),
            _ => {}
        }
    };
    let wanted = wanted.map(|it| quoted(it, QUOTED));
    let found = found.map(|it| quoted(it, QUOTED));
    let says = differs(number, wanted, found);
    Some(Difference { says, is_order, stray: None })
}

/// Nothing differs but the newline at the end.
fn last_newline(expected: &[u8], output: &[u8]) -> Option<&'static str> {
    let is_more = |long: &[u8], short| long.strip_suffix(b"\n") == Some(short);
    if is_more(output, expected) && !expected.is_empty() {
        Some("there is a newline behind the last line, and none is expected")
    } else if is_more(expected, output) && !output.is_empty() {
        Some("the newline behind the last line is missing")
    } else {
        None
    }
}

fn differs(
    number: usize,
    wanted: Option<String>,
    found: Option<String>,
) -> String {
    match (wanted, found) {
        (Some(wanted), Some(found)) if wanted == found => {
            format!("line {number} differs behind `{found}`")
        }
        (Some(wanted), Some(found)) if found.is_empty() => {
            format!("line {number}, `{wanted}`, is missing: the end is there")
        }
        (Some(wanted), Some(found)) if wanted.is_empty() => {
            format!("line {number} is `{found}`, and the end is expected there")
        }
        (Some(wanted), Some(found)) => {
            format!("line {number} is `{found}`, and `{wanted}` is expected")
        }
        (Some(wanted), None) => {
            format!("line {number}, `{wanted}`, is missing")
        }
        (None, Some(found)) => {
            format!("line {number}, `{found}`, is one too many")
        }
        (None, None) => "it differs".to_owned(),
    }
}

fn written<'a>(
    output: &[u8],
    history: &'a History<'_>,
    is_stdout: bool,
) -> Vec<Written<'a>> {
    let mut lines = Vec::new();
    let mut at = 0;
    let text = output.strip_suffix(b"\n").unwrap_or(output);
    if text.is_empty() && output.is_empty() {
        return lines;
    }
    for line in text.split(|it| *it == b'\n') {
        let writers = match is_stdout {
            true => history.writers(at, line.len() + 1),
            false => Vec::new(),
        };
        let text = String::from_utf8_lossy(line).into_owned();
        lines.push(Written { text, writers });
        at += line.len() + 1;
    }
    lines
}

fn lines(
    groups: &[Group],
    written: &[Written<'_>],
    history: &History<'_>,
) -> Option<Difference> {
    let mut rest = written;
    for group in groups {
        let taken = group.0.len().min(rest.len());
        let (these, behind) = rest.split_at(taken);
        if let Some(wrong) = unmatched(&group.0, these, history) {
            let number = written.len() - rest.len() + 1;
            let mut told = explain(groups, written, history, wrong, number);
            // Where several lines may stand, none of them is the right one.
            if told.is_order && group.0.len() > 1 {
                told.says = too_early(group, these, history, number);
            }
            return Some(told);
        }
        rest = behind;
    }
    let extra = rest.first()?;
    let number = written.len() - rest.len() + 1;
    let says =
        differs(number, None, Some(quoted(extra.text.as_bytes(), QUOTED)));
    let stray = stray(groups, written, history);
    Some(Difference { says, is_order: false, stray })
}

/// The first line of a group that nobody wrote, and what stands there.
fn unmatched(
    lines: &[Line],
    written: &[Written<'_>],
    history: &History<'_>,
) -> Option<(Option<usize>, String)> {
    let pairs = pair(lines, written, history);
    let missing =
        (0..lines.len()).find(|line| !pairs.contains(&Some(*line)))?;
    let free = pairs.iter().position(Option::is_none);
    let wanted = &lines[missing];
    let found = free.and_then(|at| written[at].writers.first().copied());
    // The pid in a line is that of whom it is expected of.
    let writer = match &wanted.by {
        Some(by) if !found.is_some_and(|it| by.hold(it)) => {
            history.lives.keys().find(|who| by.hold(who))
        }
        _ => found,
    };
    let names = Run { history, writer };
    Some((free, wanted.pattern.filled(&names)))
}

/// For each written line the expected one, as many as can be.
fn pair(
    lines: &[Line],
    written: &[Written<'_>],
    history: &History<'_>,
) -> Vec<Option<usize>> {
    let fits =
        |at: usize, line: usize| is_line(&lines[line], &written[at], history);
    let mut pairs: Vec<Option<usize>> = vec![None; written.len()];
    for line in 0..lines.len() {
        let mut seen = vec![false; written.len()];
        assign(line, &fits, &mut pairs, &mut seen);
    }
    pairs
}

/// Gives a line its place, moving others to other places if need be.
fn assign(
    line: usize,
    fits: &dyn Fn(usize, usize) -> bool,
    pairs: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for at in 0..pairs.len() {
        if seen[at] || !fits(at, line) {
            continue;
        }
        seen[at] = true;
        let is_free = match pairs[at] {
            None => true,
            Some(other) => assign(other, fits, pairs, seen),
        };
        if is_free {
            pairs[at] = Some(line);
            return true;
        }
    }
    false
}

fn is_line(line: &Line, written: &Written<'_>, history: &History<'_>) -> bool {
    if written.writers.is_empty() {
        let names = Run { history, writer: None };
        return line.pattern.matches(&written.text, &names);
    }
    written.writers.iter().any(|writer| {
        let names = Run { history, writer: Some(writer) };
        line.by.as_ref().is_none_or(|by| by.hold(writer))
            && line.pattern.matches(&written.text, &names)
    })
}

fn explain(
    groups: &[Group],
    written: &[Written<'_>],
    history: &History<'_>,
    (free, wanted): (Option<usize>, String),
    number: usize,
) -> Difference {
    let all: Vec<Line> = groups.iter().flat_map(|it| it.0.clone()).collect();
    let pairs = pair(&all, written, history);
    let is_order = all.len() == written.len() && !pairs.contains(&None);
    let number = number + free.unwrap_or(0);
    let found = written.get(number - 1);
    let found = found.map(|it| quoted(it.text.as_bytes(), QUOTED));
    let wanted = quoted(wanted.as_bytes(), QUOTED);
    let says = differs(number, Some(wanted), found);
    let stray = stray(groups, written, history);
    Difference { says, is_order, stray }
}

/// The first of these lines that stands there and belongs behind them.
fn too_early(
    group: &Group,
    these: &[Written<'_>],
    history: &History<'_>,
    number: usize,
) -> String {
    let pairs = pair(&group.0, these, history);
    let at = pairs.iter().position(Option::is_none).unwrap_or(0);
    let line = quoted(these[at].text.as_bytes(), QUOTED);
    format!("line {}, `{line}`, is too early", number + at)
}

/// A line that is right for another process than the one that wrote it.
fn stray(
    groups: &[Group],
    written: &[Written<'_>],
    history: &History<'_>,
) -> Option<(Who, String)> {
    let all = || groups.iter().flat_map(|group| &group.0);
    written.iter().find_map(|it| {
        let writer = *it.writers.first()?;
        if all().any(|line| is_line(line, it, history)) {
            return None;
        }
        let is_others = |line: &Line| {
            let by = line.by.as_ref()?;
            let of = history.lives.keys().find(|who| by.hold(who))?;
            // What varies with the writer may be the writer's own.
            let own = Run { history, writer: Some(writer) };
            let others = Run { history, writer: Some(of) };
            let is_one = line.pattern.matches(&it.text, &own)
                || line.pattern.matches(&it.text, &others);
            (!by.hold(writer) && is_one).then_some(())
        };
        all().find_map(is_others)?;
        Some((writer.clone(), quoted(it.text.as_bytes(), QUOTED)))
    })
}

/// What the places of a pattern stand for.
struct Run<'a> {
    history: &'a History<'a>,
    writer: Option<&'a Who>,
}

impl Names for Run<'_> {
    fn pid(&self, who: Option<&Who>) -> Option<i32> {
        let who = who.or(self.writer)?;
        self.history.lives.get(who).map(|life| life.pid)
    }

    fn parent(&self) -> Option<i32> {
        let parent = self.writer?.parent()?;
        self.history.lives.get(&parent).map(|life| life.pid)
    }

    fn helper(&self, name: &str) -> Option<&str> {
        let mut said = self.history.record.helpers.iter();
        said.find(|(it, _)| it == name).map(|(_, line)| line.as_str())
    }

    fn folder(&self) -> &str {
        self.history.record.folder.to_str().unwrap_or_default()
    }

    fn id(&self) -> &str {
        &self.history.record.id
    }
}

#[cfg(test)]
mod tests {
    use super::exactly;

    #[test]
    fn a_newline_at_the_end_is_named() {
        for (expected, output, says) in [
            ("a\nb", "a\nb\n", "there is a newline behind the last line"),
            ("a\nb\n", "a\nb", "the newline behind the last line is missing"),
            ("a\n", "a\nb\n", "line 2 is `b`"),
            ("a\n\nb", "a\nb", "line 2 is `b`"),
        ] {
            let found = exactly(expected.as_bytes(), output.as_bytes());
            let found = found.expect("they differ").says;
            assert!(found.starts_with(says), "{expected:?}: {found}");
        }
        assert!(exactly(b"a\n", b"a\n").is_none());
    }
}
