//! A verdict for people: 80 columns, the earliest cause first.

use std::fmt::Write;

use crate::plain::{clean, clean_lines};
use crate::plan_words::in_words;
use crate::questions::Mark;
use crate::typed::folded;
use crate::verdict::{Containment, Finding, Verdict, Word};

/// As wide as a report may be.
const WIDTH: usize = 80;
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31;1m";
const GREEN: &str = "\x1b[32;1m";
const YELLOW: &str = "\x1b[33;1m";
const PLAIN: &str = "\x1b[0m";

/// The verdict in words, with the colours of a terminal; whoever prints it
/// takes them out where they are not wanted.
///
/// `is_full` is whether every finding is told in full; otherwise the first
/// is, and the others are named.
pub fn human(verdict: &Verdict, is_full: bool) -> String {
    let mut text = head(verdict);
    if let Some(said) = &verdict.compiler {
        text.push('\n');
        text.push_str(&self::said(said));
        return text;
    }
    let told = if is_full { verdict.findings.len() } else { 1 };
    for finding in verdict.findings.iter().take(told) {
        text.push('\n');
        text.push_str(&tell(finding));
    }
    let folded: Vec<&Finding> = verdict.findings.iter().skip(told).collect();
    if !folded.is_empty() {
        text.push('\n');
        let names: Vec<&str> = folded.iter().map(|it| it.rule).collect();
        let also = format!("also: {} (--full tells all)", names.join(", "));
        text.push_str(&wrap(&also, ""));
    }
    for it in &verdict.not_run {
        let plan = it
            .plan
            .as_ref()
            .map_or_else(String::new, |plan| format!(" under '{plan}'"));
        let run = match it.run.as_str() {
            "" => String::new(),
            run => format!("{run}{plan}: "),
        };
        let line = format!("not judged: {run}{}", it.why);
        text.push_str(&wrap(&clean_lines(&line), ""));
    }
    text.push('\n');
    text.push_str(contained(verdict.contained));
    text
}

fn contained(level: Containment) -> &'static str {
    match level {
        Containment::Full => "contained: full\n",
        Containment::Partial => {
            "contained: partial (`cargo doctor` says what would raise it)\n"
        }
        Containment::None => "contained: none\n",
    }
}

fn head(verdict: &Verdict) -> String {
    let (colour, word) = match verdict.verdict {
        Word::Pass => (GREEN, "pass"),
        Word::Fail if verdict.works == Some(true) => (YELLOW, "works"),
        Word::Fail => (RED, "fail"),
        Word::BuildFailed => (RED, "does not compile"),
        Word::Undecided => (YELLOW, "undecided"),
    };
    let mark = |name: &str, has: Option<bool>| match has {
        Some(true) => format!("{name} yes"),
        Some(false) => format!("{name} no"),
        None => format!("{name} ?"),
    };
    let points = match verdict.points {
        Some(points) => format!("{points} of {} points", verdict.of),
        None => "no points yet".to_owned(),
    };
    let works = mark("works", verdict.works);
    let robust = mark("robust", verdict.robust);
    format!(
        "{BOLD}{}{PLAIN}: {colour}{word}{PLAIN}  ({works}, {robust}, {points})\n",
        clean(&verdict.exercise)
    )
}

fn tell(finding: &Finding) -> String {
    let mut text = format!("{RED}{}{PLAIN}", finding.rule);
    let mark = match finding.mark {
        Mark::Works => "",
        Mark::Robust => ", costs the mark robust",
    };
    let plan = finding
        .plan
        .as_ref()
        .map_or_else(String::new, |plan| format!(", under '{plan}'"));
    let place = format!("(in the run '{}'{plan}{mark})", finding.run);
    let place = clean(&place);
    if finding.rule.len() + 2 + place.chars().count() > WIDTH {
        text.push('\n');
        text.push_str(&wrap(&place, "  "));
    } else {
        writeln!(text, "  {place}").ok();
    }
    for line in &finding.typed {
        text.push_str(&folded(&clean_lines(line), WIDTH));
    }
    if let Some(plan) = &finding.plan {
        let words = format!("In this run {}.", in_words(plan));
        text.push_str(&wrap(&clean_lines(&words), "  "));
    }
    if let Some(asks) = &finding.asks {
        text.push_str(&wrap(&sentence(&clean_lines(asks)), "  "));
    }
    for line in finding.says.lines() {
        text.push_str(&wrap(&sentence(&clean_lines(line)), "  "));
    }
    if !finding.stderr.is_empty() {
        text.push_str("  On standard error it said:\n");
        for line in &finding.stderr {
            text.push_str(&wrap(&clean_lines(line), "    "));
        }
    }
    text.push_str(&wrap(finding.why, "  "));
    let read = format!("Read: {}", finding.read.replace('`', ""));
    text.push_str(&wrap(&read, "  "));
    text
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut text: String = first.to_uppercase().chain(chars).collect();
    if !text.ends_with(['.', '`', ':']) {
        text.push('.');
    }
    text
}

/// Lines of at most 80 columns, no word folded.
fn wrap(text: &str, indent: &str) -> String {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    text.lines().map(|line| textwrap::fill(line, &options) + "\n").collect()
}

/// A compiler's words with their colours, and nothing else that a terminal
/// would obey: they quote the source.
pub fn said(words: &str) -> String {
    let mut safe = String::new();
    let mut rest = words;
    while let Some(at) = rest.find('\x1b') {
        safe.push_str(&clean_lines(&rest[..at]));
        let behind = &rest[at..];
        let end = behind.find(|c: char| c.is_ascii_alphabetic());
        let sequence = end.map_or(behind, |end| &behind[..=end]);
        let is_colour = sequence.starts_with("\x1b[")
            && sequence.ends_with('m')
            && sequence[2..sequence.len() - 1]
                .chars()
                .all(|c| c.is_ascii_digit() || c == ';');
        let shown =
            if is_colour { sequence.to_owned() } else { clean_lines(sequence) };
        safe.push_str(&shown);
        rest = &behind[sequence.len()..];
    }
    safe.push_str(&clean_lines(rest));
    safe
}

#[cfg(test)]
mod tests {
    use super::{said, wrap};

    #[test]
    fn a_line_is_at_most_80_columns_wide() {
        let text = wrap(&"word ".repeat(50), "  ");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert_eq!(text.split_whitespace().count(), 50);
    }

    #[test]
    fn of_the_compilers_words_only_colours_reach_a_terminal() {
        let safe = said("\x1b[1;31merror\x1b[0m \x1b]0;title\x07 x\n");
        assert!(safe.starts_with("\x1b[1;31merror\x1b[0m "), "{safe:?}");
        assert_eq!(safe.matches('\x1b').count(), 2, "{safe:?}");
        assert!(!safe.contains('\x07'), "{safe:?}");
    }
}
