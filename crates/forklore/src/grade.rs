//! `forklore grade`: judge solutions by what their programs do.

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use grader::{Course, Kit, Options, Record, Trouble, Verdict, Word, judge};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use picture::{Story, svg};
use trace::Header;

const NOT_PASSED: u8 = 1;
const WRONG_USAGE: u8 = 2;
const COULD_NOT: u8 = 3;

/// How a verdict is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Format {
    /// In words
    Human,
    /// As one JSON object for each exercise, on a line of its own
    Json,
}

/// Judges solutions by what their programs do.
///
/// A solution is `work/EXERCISE/src/main.rs`. It is compiled and run several
/// times, also perturbed; what its processes did decides.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo grade pipes-pingpong
  cargo grade pipes-pingpong --source answer.rs --format json
  cargo grade --list

Exit codes: 0 all passed, 1 not passed, 2 wrong usage, 3 could not be judged.")]
pub(crate) struct Grade {
    /// The exercises; without any, all that have a solution in work/
    #[arg(value_name = "EXERCISE")]
    exercises: Vec<String>,
    /// Judges this file, and not the one in work/
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Decides what looks random in the plans; a verdict names its own
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How the verdict is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Tells every finding in full, and not the earliest cause alone
    #[arg(long)]
    full: bool,
    /// Draws the run of the first finding into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Judges by this folder too: more runs, or more exercises
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,
    /// Ends with the class that asked for it
    #[arg(long, hide = true)]
    of_class: bool,
    /// Names all exercises
    #[arg(long, conflicts_with_all = ["exercises", "source"])]
    list: bool,
}

impl Grade {
    pub(crate) fn run(&self) -> ExitCode {
        match self.grade() {
            Ok(words) => exit_code(&words),
            Err(trouble) => {
                eprintln!("forklore grade: {trouble}");
                let code =
                    if trouble.is_usage() { WRONG_USAGE } else { COULD_NOT };
                ExitCode::from(code)
            }
        }
    }

    fn grade(&self) -> Result<Vec<Word>, Trouble> {
        self.follow()?;
        let here = env::current_dir().map_err(|error| {
            Trouble::failed(format!("cannot find this folder: {error}"))
        })?;
        let course = self.course(&here)?;
        if self.list {
            let ids = course.ids()?.join("\n");
            say(&format!("{ids}\n"))?;
            return Ok(Vec::new());
        }
        let exercises = self
            .chosen(&course)?
            .iter()
            .map(|id| course.exercise(id))
            .collect::<Result<Vec<_>, _>>()?;
        if exercises.len() != 1 {
            let several = [("--source", &self.source), ("--svg", &self.svg)];
            if let Some((it, _)) = several.iter().find(|it| it.1.is_some()) {
                return Err(Trouble::usage(format!("{it} takes one exercise")));
            }
        }
        let kit = Kit::of(&course)?;
        let mut words = Vec::new();
        for exercise in &exercises {
            let source = match &self.source {
                Some(source) => source.clone(),
                None => shortened(&course.work(exercise.id()), &here),
            };
            let judged = judge(&kit, exercise, &source, self.options())?;
            if self.format == Format::Human && !judged.warnings.is_empty() {
                anstream::eprint!("{}", grader::said(&judged.warnings));
            }
            self.draw(judged.failing)?;
            self.print(&judged.verdict)?;
            words.push(judged.verdict.verdict);
        }
        Ok(words)
    }

    fn course(&self, here: &Path) -> Result<Course, Trouble> {
        let course = Course::around(here)?;
        match &self.overlay {
            Some(overlay) => course.with_overlay(overlay),
            None => Ok(course),
        }
    }

    /// Of a class, it ends when the class does, and leaves nothing running.
    fn follow(&self) -> Result<(), Trouble> {
        if !self.of_class {
            return Ok(());
        }
        // What the class blocks for itself, no submission shall find blocked.
        SigSet::empty()
            .thread_set_mask()
            .and_then(|()| set_pdeathsig(Signal::SIGTERM))
            .map_err(|error| {
                Trouble::failed(format!("cannot follow its class: {error}"))
            })
    }

    fn options(&self) -> Options {
        let colour = self.format == Format::Human
            && io::stdout().is_terminal()
            && env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        Options { seed: self.seed, colour }
    }

    /// The exercises that were named, or all that somebody works on.
    fn chosen(&self, course: &Course) -> Result<Vec<String>, Trouble> {
        if !self.exercises.is_empty() {
            return Ok(self.exercises.clone());
        }
        let mut ids = course.ids()?;
        ids.retain(|id| course.work(id).is_file());
        if ids.is_empty() {
            return Err(Trouble::usage(
                "no exercise is named, and work/ holds no solution; `cargo \
                 grade --list` names the exercises",
            ));
        }
        Ok(ids)
    }

    /// Draws the run, if one is asked for and there is one.
    fn draw(&self, failing: Option<Record>) -> Result<(), Trouble> {
        let (Some(file), Some(record)) = (&self.svg, failing) else {
            return Ok(());
        };
        let header = Header::new(record.level, vec!["solution".to_owned()]);
        let story = Story::new(&header, record.events);
        fs::write(file, svg(&story)).map_err(|error| {
            let file = file.display();
            Trouble::failed(format!("cannot write {file}: {error}"))
        })
    }

    fn print(&self, verdict: &Verdict) -> Result<(), Trouble> {
        match self.format {
            Format::Human => say(&grader::human(verdict, self.full)),
            Format::Json => {
                let line = serde_json::to_string(verdict)
                    .map_err(|error| Trouble::failed(error.to_string()))?;
                say(&format!("{line}\n"))
            }
        }
    }
}

/// The path as one would type it here: the compiler shows it.
pub(crate) fn shortened(path: &Path, here: &Path) -> PathBuf {
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

fn say(text: &str) -> Result<(), Trouble> {
    let mut stdout = anstream::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(
        |error| Trouble::failed(format!("cannot print the verdict: {error}")),
    )
}

fn exit_code(words: &[Word]) -> ExitCode {
    let has = |word: Word| words.contains(&word);
    if has(Word::Fail) || has(Word::BuildFailed) {
        ExitCode::from(NOT_PASSED)
    } else if has(Word::Undecided) {
        ExitCode::from(COULD_NOT)
    } else {
        ExitCode::SUCCESS
    }
}
