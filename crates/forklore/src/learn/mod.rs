//! `forklore learn`: read, run, solve; every save is judged.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use grader::{Course, Kit, Trouble};

mod answers;
mod input;
mod judgement;
mod list;
mod manifest;
mod order;
mod progress;
mod session;
mod signals;
mod source;
mod tell;
mod watcher;
mod work;
mod worker;

pub(crate) use worker::Worker;

use crate::contain::Contain;
use order::Exercises;
use session::Session;

const WRONG_USAGE: u8 = 2;
const COULD_NOT: u8 = 3;

/// Takes you through the exercises; every save is judged.
///
/// Makes `work/EXERCISE/` with the task and a program to begin with, sends
/// you to the lesson, and then watches `src/main.rs` there.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  cargo learn                        the next exercise that does not work yet
  cargo learn pipes-pingpong         this one
  cargo learn list
  cargo learn hint pipes-pingpong
  cargo learn answer pipes-pingpong

What you have reached stands in work/progress.txt. work/ is yours: no update
of the course touches it.

Exit codes: 0 done, 1 not passed yet, 2 wrong usage, 3 could not be done."
)]
pub(crate) struct Learn {
    #[command(subcommand)]
    part: Option<Part>,
    /// The exercise; without one, the next that does not work yet
    exercise: Option<String>,
    /// What stands behind a word that is no command
    #[arg(hide = true)]
    rest: Vec<String>,
    /// Looks at the file four times a second, as where there are no file
    /// events
    #[arg(long)]
    poll: bool,
    #[command(flatten)]
    contain: Contain,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Names all exercises in their order, and what you have reached
    List,
    /// Judges your program, and gives the hint that belongs to its first
    /// fault
    Hint {
        /// The exercise; without one, the next that does not work yet
        exercise: Option<String>,
        #[command(flatten)]
        contain: Contain,
    },
    /// Shows right answers, once your program has passed
    Answer {
        /// The exercise
        exercise: String,
        /// Which answer, if there are several
        name: Option<String>,
    },
    /// Puts the starter back; your program is kept beside it, and so is what
    /// you have reached
    Reset {
        /// The exercise
        exercise: String,
    },
}

impl Learn {
    pub(crate) fn run(&self) -> ExitCode {
        match self.learn() {
            Ok(code) => ExitCode::from(code),
            Err(trouble) => {
                eprintln!("forklore learn: {trouble}");
                let is_usage = trouble.is_usage();
                ExitCode::from(if is_usage { WRONG_USAGE } else { COULD_NOT })
            }
        }
    }

    fn learn(&self) -> Result<u8, Trouble> {
        let here = env::current_dir().map_err(|error| {
            Trouble::failed(format!("cannot find this folder: {error}"))
        })?;
        let course = Course::around(&here)?;
        let exercises = Exercises::of(&course)?;
        match &self.part {
            None => self.watch(&course, &exercises),
            Some(Part::List) => list::show(&course, &exercises),
            Some(Part::Hint { exercise, contain }) => {
                let id = exercise.as_deref();
                answers::hint(&course, &exercises, id, *contain)
            }
            Some(Part::Answer { exercise, name }) => {
                let exercise = exercises.named(exercise)?;
                answers::answer(&course, exercise, name.as_deref())
            }
            Some(Part::Reset { exercise }) => {
                let exercise = exercises.named(exercise)?;
                say(&work::Work::of(&course).reset(exercise)?)?;
                Ok(0)
            }
        }
    }

    /// The place of an exercise. A word that is none may be a command, or
    /// have been meant as one.
    fn place(
        &self,
        exercises: &Exercises,
        word: &str,
    ) -> Result<usize, Trouble> {
        let parts = Part::augment_subcommands(clap::Command::new(""));
        let commands: Vec<&str> =
            parts.get_subcommands().map(clap::Command::get_name).collect();
        let near = grader::nearest(word, &commands);
        let is_known = exercises.all().iter().any(|it| it.id() == word);
        let (word, near) =
            (grader::clean(word), near.join("` or `cargo learn "));
        if is_known && let Some(second) = self.rest.first() {
            let says = format!(
                "one exercise at a time: {word}, and not {} as well",
                grader::clean(second)
            );
            return Err(Trouble::usage(says));
        }
        if is_known || near.is_empty() {
            return exercises.place(&word);
        }
        let says = format!(
            "there is no exercise and no command '{word}'; did you mean \
             `cargo learn {near}`?"
        );
        Err(Trouble::usage(says))
    }

    fn watch(
        &self,
        course: &Course,
        exercises: &Exercises,
    ) -> Result<u8, Trouble> {
        let progress = progress::Progress::read(course)?;
        let at = match &self.exercise {
            Some(id) => Some(self.place(exercises, id)?),
            None => exercises.next(&progress, None),
        };
        let Some(at) = at else {
            say(&tell::all_passed(exercises))?;
            return Ok(0);
        };
        if Kit::built(course).is_none() {
            say(&tell::building(course, exercises.at(at)))?;
        }
        // Whoever cannot build or contain is told before anything is made.
        self.contain.of_build()?;
        Kit::of(course)?;
        let contain = self.contain;
        Session::new(course, exercises, at, self.poll, contain)?.run()
    }
}

/// Prints text with colours, which go where they are not wanted.
fn say(text: &str) -> Result<(), Trouble> {
    let mut stdout = anstream::stdout();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Trouble::failed(format!("cannot print: {error}")))
}

/// What could not be done to a file or folder of the learner.
fn failed(what: &str, path: &Path, error: &io::Error) -> Trouble {
    Trouble::failed(format!("cannot {what} {}: {error}", shown(path)))
}

/// A path as one would type it here.
fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(here).unwrap_or(path);
    grader::clean(&path.to_string_lossy())
}
