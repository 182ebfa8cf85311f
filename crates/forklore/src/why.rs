//! `forklore why`: who waits for whom, and which call is missing.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};

use clap::Args;
use observer::{Observed, Request, observe};
use trace::{Event, Reader, What};
use why::{Answer, Question, Tree, Verdict};

use crate::{locale, ring, surroundings};

const USAGE: u8 = 2;
const COULD_NOT: u8 = 3;

/// So many events are remembered: who was created, and who used which lock.
const REMEMBERED: usize = 100_000;

/// Says why a process tree does not move: who waits for what, who could wake
/// it, why nobody will, and which call is missing.
///
/// With a pid: about this process and all below it, as they are now; needs
/// no more rights than you have, and changes nothing. With a command: runs
/// it, speaks when nothing moves any more, and then ends it. While somebody
/// outside could still move it (send a signal, open its FIFO) it says
/// nothing: end it with Ctrl-C, or promise with --closed that nobody will.
#[derive(Args, Debug)]
#[command(
    override_usage = "forklore why [OPTIONS] PID
       forklore why [OPTIONS] -- COMMAND...",
    after_help = "\
Examples:
  forklore why 4711
  forklore why --closed -- ./my-program
  forklore why --json 4711
  cargo why -- cargo run -p lesson-05-pipes

Exit codes: 0 it moves or has ended, 1 it is stuck, 2 wrong usage, 3 it could
not be read or run."
)]
pub(crate) struct Why {
    /// Nobody outside takes part: no stranger opens its FIFOs or queues, or
    /// sends it a signal
    #[arg(long)]
    closed: bool,
    /// Prints one JSON object; behind a command's own output it is the last
    /// line
    #[arg(long)]
    json: bool,
    /// Draws with ASCII characters only
    #[arg(long)]
    ascii: bool,
    /// The process asked about, with all below it
    #[arg(conflicts_with = "command", required_unless_present = "command")]
    pid: Option<String>,
    /// The command and its arguments
    #[arg(last = true)]
    command: Vec<OsString>,
}

impl Why {
    pub(crate) fn run(self) -> ExitCode {
        let answer = match &self.pid {
            Some(text) => match text.parse() {
                Ok(pid) if pid > 0 => self.explain(pid),
                _ => {
                    eprintln!(
                        "forklore why: '{}' is no pid; give a number, or a \
                         command behind --",
                        text.escape_debug()
                    );
                    return ExitCode::from(USAGE);
                }
            },
            None => self.watch(),
        };
        match answer.and_then(|answer| self.say(&answer)) {
            Ok(code) => code,
            Err(error) => {
                eprintln!("forklore why: {error}");
                ExitCode::from(COULD_NOT)
            }
        }
    }

    fn tree(&self, root: i32) -> Tree {
        Tree { closed: self.closed, ..Tree::new(root) }
    }

    fn explain(&self, pid: i32) -> io::Result<Answer> {
        let question = Question::new(self.tree(pid));
        why::explain(&question).map_err(io::Error::other)
    }

    /// Runs the command until nothing moves, or until it has ended.
    fn watch(&self) -> io::Result<Answer> {
        let mut run = observe(&Request {
            command: self.command.clone(),
            environment: surroundings::without_cargo(),
            is_live: true,
            ..Default::default()
        })?;
        let keeper = run.keeper();
        let trace = run.trace().expect("a new observation has its trace");
        let mut events = match Reader::new(trace) {
            Ok(reader) => reader.map_while(Result::ok),
            // A keeper that failed has said why.
            Err(_) if run.finish()? == Observed::Ended => {
                return Err(io::Error::other("the run was ended"));
            }
            Err(_) => return Err(io::Error::other("nothing could be run")),
        };
        let Some(first) = events.next() else {
            run.finish()?;
            return Err(io::Error::other("nothing could be run"));
        };
        let history = Mutex::new(History::default());
        let tree = Tree { reaper: Some(keeper), ..self.tree(first.pid) };
        thread::scope(|scope| {
            let remember = || {
                let all = [first].into_iter().chain(events);
                all.for_each(|event| locked(&history).remember(event));
            };
            Builder::new().spawn_scoped(scope, remember)?;
            let answer = ask(tree, &history);
            // Ends the run if it is stuck, and with it the trace.
            match &answer {
                Ok(it) if it.verdict == Verdict::Finished => {
                    run.finish().map(drop)?;
                }
                _ => drop(run),
            }
            answer
        })
    }

    /// Prints the answer; the exit code.
    fn say(&self, answer: &Answer) -> io::Result<ExitCode> {
        let text = if self.json {
            serde_json::to_string(answer)? + "\n"
        } else {
            let is_ascii = self.ascii || !locale::is_utf8();
            let mut text = ring::draw(answer, is_ascii);
            for line in &answer.says {
                text.push_str(line);
                text.push('\n');
            }
            text
        };
        // About a command it is not part of the command's output.
        if self.json || self.command.is_empty() {
            anstream::print!("{text}");
        } else {
            anstream::eprint!("{text}");
        }
        let is_stuck = answer.verdict == Verdict::Stuck;
        Ok(ExitCode::from(u8::from(is_stuck)))
    }
}

/// Waits until the tree is stuck or has ended; then asks once more, with all
/// that was seen until then.
fn ask(tree: Tree, history: &Mutex<History>) -> io::Result<Answer> {
    loop {
        let answer = match why::watch(&Question::new(tree)) {
            Ok(answer) => answer,
            Err(why::Error::Gone(_)) => return Ok(Answer::finished()),
            Err(error) => return Err(io::Error::other(error)),
        };
        if answer.verdict == Verdict::Finished {
            return Ok(answer);
        }
        let seen = locked(history);
        let question = Question::new(tree).with(&seen.events);
        match why::explain(&question) {
            Ok(answer) if answer.verdict == Verdict::Moving => {}
            Ok(answer) => return Ok(answer),
            Err(_) => return Ok(answer),
        }
    }
}

/// What was seen that names processes and who used which lock.
#[derive(Default)]
struct History {
    events: Vec<Event>,
    /// The processes, by pid and start time, of which there is an event.
    named: HashSet<(i32, u64)>,
}

impl History {
    fn remember(&mut self, event: Event) {
        let is_kept =
            matches!(event.what, What::Futex { .. } | What::Create { .. });
        if self.events.len() >= REMEMBERED {
            self.events.drain(..REMEMBERED / 2);
            let kept = self.events.iter();
            self.named = kept.map(|it| (it.pid, it.start)).collect();
        }
        if self.named.insert((event.pid, event.start)) || is_kept {
            self.events.push(event);
        }
    }
}

fn locked(history: &Mutex<History>) -> MutexGuard<'_, History> {
    history.lock().unwrap_or_else(PoisonError::into_inner)
}
