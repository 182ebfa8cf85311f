//! `forklore class`: judge a class.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::Builder;

use clap::{Args, Subcommand};
use grader::Trouble;
use nix::sys::signal::{SigSet, Signal, raise};

mod bar;
mod collect;
mod depends;
mod judge;
mod merge;
mod publish;

const WRONG_USAGE: u8 = 2;
const COULD_NOT: u8 = 3;

/// Judges the submissions of a class, several at a time.
///
/// DIR holds a folder for each student, with `work/EXERCISE/src/main.rs` or
/// `EXERCISE.rs` in it; nothing else is taken. Each submission is judged by a
/// grader of its own, its record is kept in OUT at once, and what is in OUT is
/// whole at any moment. Then OUT has grades.csv, tables for Canvas and Moodle,
/// and pages/.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  cargo class submissions
  cargo class submissions --jobs 8 --out results
  cargo class submissions --out results --resume
  cargo class submissions --out results --shard 3/8
  cargo class merge results
  cargo class collect submissions.zip --into submissions

Exit codes: 0 every submission has a verdict, 2 wrong usage, 3 some could not
be judged here: none of them counts as zero, and --resume tries them again."
)]
pub(crate) struct Class {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    judge: judge::Judge,
}

#[derive(Debug, Subcommand)]
// What is said above a variant hides what its struct says in --help.
enum Action {
    Collect(collect::Collect),
    Merge(merge::Merge),
}

impl Class {
    pub(crate) fn run(&self) -> ExitCode {
        let code = match &self.action {
            Some(Action::Collect(collect)) => collect.run(),
            Some(Action::Merge(merge)) => merge.run(),
            None => self.judge.run(),
        };
        match code {
            Ok(code) => code,
            Err(trouble) => {
                say(&trouble.to_string());
                let code =
                    if trouble.is_usage() { WRONG_USAGE } else { COULD_NOT };
                ExitCode::from(code)
            }
        }
    }
}

/// One line on standard error; one that a stranger has a hand in is clean,
/// and no command in the log of a job.
fn say(line: &str) {
    crate::reports::warn(&format!("forklore class: {}\n", grader::clean(line)));
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Trouble {
    Trouble::failed(format!("cannot {what} {}: {error}", path.display()))
}

/// Ctrl-C and SIGTERM end this process, as ever; but first goes what lies in
/// its place, and what comes next is told. The graders end with it.
fn leave_nothing_when_stopped(
    place: &Path,
    next: &'static str,
) -> io::Result<()> {
    const TRIES: u32 = 20;
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    // Before there are other threads: each inherits it.
    signals.thread_block()?;
    let place = place.to_owned();
    let wait = move || {
        let Ok(signal) = signals.wait() else { return };
        // A grader that still runs may put something into what is removed.
        for _ in 0..TRIES {
            class::remove(&place);
            if !place.exists() {
                break;
            }
        }
        say(&format!("stopped by {signal}; {next}"));
        signals.thread_unblock().ok();
        raise(signal).ok();
    };
    Builder::new().spawn(wait).map(drop)
}

/// A folder of one's own for a while; `note` knows its name before it is
/// there.
fn new_place(
    start: &str,
    mut note: impl FnMut(&Path) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let mut number = 0_u32;
    loop {
        let own = format!("{start}{}-{number}", std::process::id());
        let place = env::temp_dir().join(own);
        note(&place)?;
        match fs::create_dir(&place) {
            Err(it) if it.kind() == io::ErrorKind::AlreadyExists => {}
            Ok(()) => return Ok(place),
            Err(error) => {
                let says = format!("{}: {error}", place.display());
                return Err(io::Error::new(error.kind(), says));
            }
        }
        number += 1;
    }
}
