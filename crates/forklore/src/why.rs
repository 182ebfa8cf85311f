//! `forklore why`: who waits for whom, and which call is missing.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, BufReader};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};

use clap::Args;
use observer::{Observed, Request, observe};
use trace::{Event, Level, Reader, What};
use why::{Answer, Question, Tree, Verdict};

use crate::ear::{Ear, Heard};
use crate::{columns, locale, ring, surroundings};

const USAGE: u8 = 2;
const COULD_NOT: u8 = 3;
/// As a shell says that a command died of SIGINT.
const INTERRUPTED: u8 = 130;

/// So many events are remembered: who was created, and who used which lock.
const REMEMBERED: usize = 100_000;

/// Says why a process tree does not move.
///
/// It names who waits for what, who could wake it, why nobody will, and which
/// call is missing.
///
/// With a pid: about this process and all below it, as they are now; needs
/// no more rights than you have, and changes nothing. With a command: runs
/// it, speaks when nothing moves any more, and then ends it. While only
/// somebody outside could still move it (send a signal, open its FIFO) it
/// says so once, and who, and waits on: end it with Ctrl-C, or promise with
/// --closed that nobody will.
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
not be read or run, or was ended early; 130 the command died of Ctrl-C.

The first Ctrl-C is the command's: it dies of it, or handles it and goes on.
The second, or a SIGTERM, ends the run."
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
    #[arg(allow_negative_numbers = true)]
    pid: Option<String>,
    /// The command and its arguments
    #[arg(last = true)]
    command: Vec<OsString>,
}

impl Why {
    pub(crate) fn run(self) -> ExitCode {
        let answer = match (&self.pid, self.command.is_empty()) {
            (Some(text), true) => match text.parse() {
                Ok(pid) if pid > 0 => {
                    self.explain(pid).map(|answer| (answer, Observed::Done))
                }
                _ => {
                    let text = text.escape_debug();
                    return refuse(&format!("'{text}' is no pid"));
                }
            },
            (None, false) => self.watch(),
            (None, true) => return refuse("nothing is asked about"),
            (Some(_), false) => return refuse("a pid and a command at once"),
        };
        let said = answer.and_then(|(answer, observed)| match observed {
            Observed::Done => self.say(&answer),
            Observed::Interrupted => {
                self.say(&answer).map(|_| ExitCode::from(INTERRUPTED))
            }
            // It has said why, and nothing is known of the command.
            Observed::Ended | Observed::Failed => Ok(ExitCode::from(COULD_NOT)),
        });
        match said {
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

    /// Runs the command until nothing moves, or until it has ended; and how
    /// the run ended.
    fn watch(&self) -> io::Result<(Answer, Observed)> {
        let mut run = observe(&Request {
            command: self.command.clone(),
            environment: surroundings::without_cargo(),
            is_live: true,
            ..Default::default()
        })?;
        let keeper = run.keeper();
        let trace = run.trace().expect("a new observation has its trace");
        let ear = Ear::default();
        let heard = BufReader::new(Heard { from: trace, ear: &ear });
        let reader = match Reader::new(heard) {
            Ok(reader) => reader,
            Err(_) => return Err(nothing(run.finish()?)),
        };
        let is_full = reader.header().level == Level::Full;
        let mut events = reader.map_while(Result::ok);
        let Some(first) = events.next() else {
            run.finish()?;
            return Err(nothing(Observed::Failed));
        };
        let history = Mutex::new(History::default());
        let tree = Tree { reaper: Some(keeper), ..self.tree(first.pid) };
        thread::scope(|scope| {
            let remember = || {
                ear.is_of_this_thread();
                let all = [first].into_iter().chain(events);
                all.for_each(|event| locked(&history).remember(event));
            };
            Builder::new().spawn_scoped(scope, remember)?;
            let ear = is_full.then_some(&ear);
            let answer = ask(tree, keeper, &history, ear);
            // Ends the run if it is stuck, and with it the trace.
            let observed = match &answer {
                Ok(it) if it.verdict == Verdict::Finished => run.finish()?,
                _ => {
                    drop(run);
                    Observed::Done
                }
            };
            Ok((answer?, observed))
        })
    }

    /// Prints the answer; the exit code.
    fn say(&self, answer: &Answer) -> io::Result<ExitCode> {
        let text = if self.json {
            answer.to_json()? + "\n"
        } else {
            let is_ascii = self.ascii || !locale::is_utf8();
            let mut text = ring::draw(answer, is_ascii);
            for line in &answer.says {
                text.push_str(&match self.command.is_empty() {
                    true => columns::fold(line, io::stdout()),
                    false => columns::fold(line, io::stderr()),
                });
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

fn refuse(what: &str) -> ExitCode {
    eprintln!("forklore why: {what}; give a number, or a command behind --");
    ExitCode::from(USAGE)
}

/// A keeper that failed has said why.
fn nothing(observed: Observed) -> io::Error {
    io::Error::other(match observed {
        Observed::Ended => "the run was ended",
        _ => "nothing could be run",
    })
}

/// Waits until the tree is stuck or has ended; then asks once more, with all
/// that was seen until then. Says once if only somebody outside can help.
/// With an ear, the trace has every alarm.
fn ask(
    tree: Tree,
    keeper: i32,
    history: &Mutex<History>,
    ear: Option<&Ear>,
) -> io::Result<Answer> {
    /// So often the trace may be behind when the tree is at rest.
    const PATIENCE: u32 = 20;
    let mut behind = 0;
    let mut is_told = false;
    loop {
        let mut tell = |_: &Answer| {
            if !std::mem::replace(&mut is_told, true) {
                tell_of_rest(tree, history);
            }
        };
        let question = Question::new(tree);
        let answer = match why::watch_and_tell(&question, &mut tell) {
            Ok(answer) => answer,
            Err(why::Error::Gone(_)) => return Ok(Answer::finished()),
            Err(error) => return Err(io::Error::other(error)),
        };
        if answer.verdict == Verdict::Finished {
            return Ok(answer);
        }
        let has_all_alarms = ear.is_some_and(|it| it.has_heard_all(keeper));
        behind += 1;
        if ear.is_some() && !has_all_alarms && behind < PATIENCE {
            continue;
        }
        let seen = locked(history);
        let question = Question { has_all_alarms, ..question };
        match why::explain(&question.with(&seen.events)) {
            Ok(answer) if answer.verdict == Verdict::Moving => {}
            Ok(answer) => return Ok(answer),
            Err(_) => return Ok(answer),
        }
    }
}

/// Not part of the answer, which may be JSON.
fn tell_of_rest(tree: Tree, history: &Mutex<History>) {
    let seen = locked(history);
    let question = Question::new(tree).with(&seen.events);
    let Ok(answer) = why::explain(&question) else { return };
    let is_of_rest = |says: &&String| !says.starts_with(why::RESTS);
    for says in answer.says.iter().skip_while(is_of_rest) {
        anstream::eprintln!("forklore why: {says}");
    }
}

/// What was seen that names processes, who used which lock, and alarms.
#[derive(Default)]
struct History {
    events: Vec<Event>,
    /// The processes, by pid and start time, of which there is an event.
    named: HashSet<(i32, u64)>,
}

impl History {
    fn remember(&mut self, event: Event) {
        let is_kept = matches!(
            event.what,
            What::Futex { .. } | What::Create { .. } | What::Alarm { .. }
        );
        if self.events.len() >= REMEMBERED {
            self.forget();
        }
        if self.named.insert((event.pid, event.start)) || is_kept {
            self.events.push(event);
        }
    }

    /// Forgets the older half, but no alarm: of each process the last.
    fn forget(&mut self) {
        let mut alarmed = HashSet::new();
        let mut place = self.events.len();
        let mut kept: Vec<Event> = Vec::new();
        for event in std::mem::take(&mut self.events).into_iter().rev() {
            place -= 1;
            let process = (event.pid, event.start);
            let is_alarm = matches!(event.what, What::Alarm { .. });
            if is_alarm && alarmed.insert(process)
                || !is_alarm && place >= REMEMBERED / 2
            {
                kept.push(event);
            }
        }
        kept.reverse();
        self.named = kept.iter().map(|it| (it.pid, it.start)).collect();
        self.events = kept;
    }
}

fn locked(history: &Mutex<History>) -> MutexGuard<'_, History> {
    history.lock().unwrap_or_else(PoisonError::into_inner)
}
