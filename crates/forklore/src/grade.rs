//! `forklore grade`: judge solutions by what their programs do.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use grader::{
    Containment, Course, Exercise, Kit, Options, Trouble, Verdict, Word, build,
    judge_built,
};

use crate::contain::{Arranged, Contain};

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
    #[command(flatten)]
    contain: Contain,
    /// Names all exercises
    #[arg(long, conflicts_with_all = ["exercises", "source"])]
    list: bool,
}

impl Grade {
    pub(crate) fn run(&self) -> ExitCode {
        match self.grade() {
            Ok(code) => ExitCode::from(code),
            Err(trouble) => {
                eprintln!("forklore grade: {trouble}");
                let code =
                    if trouble.is_usage() { WRONG_USAGE } else { COULD_NOT };
                ExitCode::from(code)
            }
        }
    }

    fn grade(&self) -> Result<u8, Trouble> {
        let here = env::current_dir().map_err(|error| {
            Trouble::failed(format!("cannot find this folder: {error}"))
        })?;
        let course = Course::around(&here)?;
        if self.list {
            let ids = course.ids()?.join("\n");
            say(&format!("{ids}\n"))?;
            return Ok(0);
        }
        let exercises = self
            .chosen(&course)?
            .iter()
            .map(|id| course.exercise(id))
            .collect::<Result<Vec<_>, _>>()?;
        if self.source.is_some() && exercises.len() != 1 {
            return Err(Trouble::usage("--source takes one exercise"));
        }
        let kit = Kit::of(&course)?;
        let mut codes = Vec::new();
        for exercise in &exercises {
            let source = match &self.source {
                Some(source) => source.clone(),
                None => shortened(&course.work(exercise.id()), &here),
            };
            match self.judge(&kit, exercise, &source)? {
                Judgement::Here(code) => codes.push(code),
                // Inside, for this exercise alone.
                Judgement::Inside(code) => return Ok(code),
            }
        }
        Ok(most_telling(&codes))
    }

    fn judge(
        &self,
        kit: &Kit,
        exercise: &Exercise,
        source: &Path,
    ) -> Result<Judgement, Trouble> {
        let mut options = self.options(self.contain.of_build()?);
        let built = build(kit, exercise, source, options)?;
        options.contained = match self.contain.enter(&built)? {
            Arranged::Here(contained) => contained,
            Arranged::There(code) => return Ok(Judgement::Here(code)),
        };
        let judged = judge_built(exercise, built, options);
        let code = judged.and_then(|judged| {
            if self.format == Format::Human && !judged.warnings.is_empty() {
                anstream::eprint!("{}", grader::said(&judged.warnings));
            }
            self.print(&judged.verdict)?;
            Ok(exit_code(judged.verdict.verdict))
        });
        match options.contained {
            Containment::Full => code.map(Judgement::Inside),
            _ => code.map(Judgement::Here),
        }
    }

    fn options(&self, contained: Containment) -> Options {
        let colour = self.format == Format::Human
            && io::stdout().is_terminal()
            && env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        Options { seed: self.seed, colour, contained }
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

/// Where a verdict was printed.
enum Judgement {
    /// By this process, or one that is over.
    Here(u8),
    /// By this process, in namespaces for one submission.
    Inside(u8),
}

fn exit_code(word: Word) -> u8 {
    match word {
        Word::Pass => 0,
        Word::Fail | Word::BuildFailed => NOT_PASSED,
        Word::Undecided => COULD_NOT,
    }
}

/// Of several submissions: a proved fault before what could not be judged.
fn most_telling(codes: &[u8]) -> u8 {
    let has = |code: &u8| codes.contains(code);
    [NOT_PASSED, COULD_NOT].into_iter().find(has).unwrap_or(0)
}
