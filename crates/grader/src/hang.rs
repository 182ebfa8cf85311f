//! The words of `why` in the names of the trace.
//!
//! While a run goes on, `why` counts the children that are there; a trace
//! counts those that were created. The pid says who is who.

use std::collections::BTreeMap;

use trace::Who;
use why::Answer;

use crate::history::History;
use crate::plain::clean;

/// A hang, told.
pub(crate) struct Told {
    /// The first process that is stuck.
    pub(crate) who: Option<Who>,
    /// One line for each process that waits.
    pub(crate) says: String,
}

/// Tells of a hang.
pub(crate) fn tell(answer: &Answer, history: &History<'_>) -> Told {
    let of_pid = |pid: i32| {
        let mut lives = history.lives.iter();
        lives.find(|(_, life)| life.pid == pid).map(|(who, _)| who.clone())
    };
    let names: BTreeMap<String, Who> = answer
        .processes
        .iter()
        .filter_map(|it| Some((it.who.to_string(), of_pid(it.pid)?)))
        .collect();
    let stuck = answer.processes.iter().find(|it| it.stuck);
    let who = stuck.and_then(|it| of_pid(it.pid));
    let lines: Vec<String> = answer
        .says
        .iter()
        .flat_map(|says| says.lines())
        // Zombies are no part of a hang.
        .filter(|line| !line.contains("has ended; its parent"))
        .filter(|line| !is_of_cause(line, answer))
        // The trace knows of every alarm.
        .filter(|line| !line.starts_with("This is so unless "))
        .map(|line| renamed(line, &names))
        .map(|line| clean(&line).replace(" (solution)", ""))
        .filter(|line| !line.is_empty())
        .collect();
    Told { who, says: lines.join("\n") }
}

/// Whether a line names the cause and the call that is missing: the finding
/// has the first as its rule, and keeps the second to itself.
fn is_of_cause(line: &str, answer: &Answer) -> bool {
    let mut causes = answer.causes.iter();
    causes.any(|cause| line.starts_with(&format!("{cause}: ")))
}

/// With the names of the trace in place of those of `why`.
fn renamed(line: &str, names: &BTreeMap<String, Who>) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('A') {
        let is_word = !rest[..at].ends_with(|c: char| c.is_alphanumeric());
        let length = name_length(&rest[at..]);
        let name = &rest[at..at + length];
        text.push_str(&rest[..at]);
        match names.get(name).filter(|_| is_word) {
            Some(who) => text.push_str(&who.to_string()),
            None => text.push_str(name),
        }
        rest = &rest[at + length..];
    }
    text.push_str(rest);
    text
}

/// How long the name of a process is that a text begins with: `A.1.2`.
fn name_length(text: &str) -> usize {
    let mut length = 1;
    while let Some(number) = text[length..].strip_prefix('.') {
        let end = number.find(|c: char| !c.is_ascii_digit());
        match end.unwrap_or(number.len()) {
            0 => break,
            digits => length += 1 + digits,
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::renamed;
    use std::collections::BTreeMap;

    #[test]
    fn a_sentence_gets_the_names_of_the_trace() {
        let names: BTreeMap<String, trace::Who> = [("A", "A"), ("A.1", "A.2")]
            .map(|(from, to)| (from.to_owned(), to.parse().unwrap()))
            .into();
        let line = "A waits for A.1. A.1.2 and BA.1 do not; A.1's end.";
        let told = "A waits for A.2. A.1.2 and BA.1 do not; A.2's end.";
        assert_eq!(renamed(line, &names), told);
    }
}
