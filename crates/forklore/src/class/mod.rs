//! `forklore class`: judge a class.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use grader::Trouble;

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
enum Action {
    /// Makes a folder of submissions
    Collect(collect::Collect),
    /// Brings the shares of a class together
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
