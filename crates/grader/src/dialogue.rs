//! Talking to a program: what the grader awaits, sends and reads.

use std::io::{self, PipeWriter, Write};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use trace::Who;

use crate::pattern::{Names, Pattern};
use crate::questions::{SignalStep, States, Step};
use crate::record::{Missed, Record};
use crate::selector::Processes;
use crate::stillness::{children, state};

/// So often are states read before they count as wrong.
const LOOKS: u32 = 25;
/// The same, where that is known of the program.
const QUICK: u32 = 5;

/// A dialogue under way.
#[derive(Debug)]
pub(crate) struct Dialogue<'a> {
    steps: &'a [Step],
    next: usize,
    /// How far standard output has been read.
    read: usize,
    looks: u32,
    most: u32,
    missed: Option<Missed>,
}

impl<'a> Dialogue<'a> {
    pub(crate) fn new(steps: &'a [Step], is_quick: bool) -> Self {
        let most = if is_quick { QUICK } else { LOOKS };
        Self { steps, next: 0, read: 0, looks: 0, most, missed: None }
    }

    /// Whether every step is done, or cannot be.
    pub(crate) fn is_over(&self) -> bool {
        self.next >= self.steps.len()
    }

    /// Whether it waits for a line.
    pub(crate) fn awaits_line(&self) -> bool {
        matches!(self.steps.get(self.next), Some(Step::Await(_)))
    }

    /// Goes as far as the program lets it. Behind the last step, standard
    /// input is ended.
    pub(crate) fn advance(
        &mut self,
        record: &Record,
        stdin: &mut Option<PipeWriter>,
        root: Option<i32>,
    ) -> io::Result<()> {
        while let Some(step) = self.steps.get(self.next) {
            let is_done = match step {
                Step::Await(pattern) => self.has_come(pattern, record),
                Step::Send(content) => {
                    // Nobody may be there to read it: then the next line
                    // never comes.
                    if let Some(stdin) = stdin {
                        stdin.write_all(&content.bytes()).ok();
                    }
                    true
                }
                Step::Close(_) => {
                    drop(stdin.take());
                    true
                }
                Step::States(states) => self.are_in(states, root),
                Step::Signal(signal) => send(signal, root)?,
            };
            if !is_done {
                return Ok(());
            }
            self.next += 1;
        }
        drop(stdin.take());
        Ok(())
    }

    fn has_come(&mut self, pattern: &Pattern, record: &Record) -> bool {
        let rest = record.stdout.get(self.read..).unwrap_or_default();
        let Some(end) = rest.iter().position(|it| *it == b'\n') else {
            return false;
        };
        let line = String::from_utf8_lossy(&rest[..end]);
        let is_it = pattern.matches(&line, &Talk(record));
        self.read += end + 1;
        is_it || self.has_come(pattern, record)
    }

    fn are_in(&mut self, states: &States, root: Option<i32>) -> bool {
        let mut expected: Vec<char> = states.letters.chars().collect();
        expected.sort_unstable();
        let mut found: Vec<char> =
            pids(&states.of, root).into_iter().filter_map(state).collect();
        found.sort_unstable();
        self.looks += 1;
        if expected == found {
            self.looks = 0;
            return true;
        }
        if self.looks < self.most {
            return false;
        }
        self.missed.get_or_insert(Missed::States {
            expected: expected.into_iter().collect(),
            found: found.into_iter().collect(),
        });
        true
    }

    /// What did not come true.
    pub(crate) fn missed(self) -> Option<Missed> {
        self.missed.or_else(|| {
            Some(match self.steps.get(self.next)? {
                Step::Await(pattern) => Missed::Line(pattern.text().to_owned()),
                Step::States(states) => Missed::Rest(format!(
                    "before the states of {} could be read",
                    states.of.text()
                )),
                Step::Send(_) => Missed::Rest("before it could read".into()),
                Step::Close(_) | Step::Signal(_) => return None,
            })
        })
    }
}

fn send(step: &SignalStep, root: Option<i32>) -> io::Result<bool> {
    let signal: Signal = step.name.parse()?;
    for pid in pids(&step.to, root) {
        kill(Pid::from_raw(pid), signal).ok();
    }
    Ok(true)
}

/// The processes that live now, by their place among their siblings.
fn pids(of: &Processes, root: Option<i32>) -> Vec<i32> {
    let Some(root) = root else { return Vec::new() };
    let mut found = Vec::new();
    let mut next = vec![(Who::first(), root)];
    while let Some((who, pid)) = next.pop() {
        let below = children(pid).into_iter().zip(1..);
        next.extend(below.map(|(pid, k)| (who.child(k), pid)));
        if of.hold(&who) {
            found.push(pid);
        }
    }
    found
}

/// While a run goes on, only its helpers and folder are known.
struct Talk<'a>(&'a Record);

impl Names for Talk<'_> {
    fn pid(&self, _who: Option<&Who>) -> Option<i32> {
        None
    }

    fn parent(&self) -> Option<i32> {
        None
    }

    fn helper(&self, name: &str) -> Option<&str> {
        let mut said = self.0.helpers.iter();
        said.find(|(it, _)| it == name).map(|(_, line)| line.as_str())
    }

    fn folder(&self) -> &str {
        self.0.folder.to_str().unwrap_or_default()
    }

    fn id(&self) -> &str {
        &self.0.id
    }
}
