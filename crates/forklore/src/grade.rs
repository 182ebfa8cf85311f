//! `forklore grade`: judge solutions by what their programs do.

use std::env;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use grader::{
    Containment, Course, Exercise, FailingRun, Kit, Options, Trouble, Verdict,
    build,
};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use picture::{Story, svg};
use report::{Entry, Outcome, Picture, Sheet};
use trace::Header;

use crate::contain::Contain;
use crate::reports::{
    COULD_NOT, Format, Reports, in_repository, no_program, read, say, warn,
};

const WRONG_USAGE: u8 = 2;

/// Judges solutions by what their programs do.
///
/// A solution is `work/EXERCISE/src/main.rs`. It is compiled and run several
/// times, also perturbed; what its processes did decides.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo grade pipes-pingpong
  cargo grade pipes-pingpong --source answer.rs --format json
  cargo grade --all --format junit --report results.xml
  cargo grade --verdicts verdicts.jsonl --format github
  cargo grade --list

Exit codes: 0 all passed, 1 not passed, 2 wrong usage, 3 could not be judged.
With --format classroom50 or gradescope, 0 says that all was judged; if not,
there is no report, and the code is 3: nobody gets a zero for it.")]
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
    /// Judges all exercises; those without a solution in work/ are named
    #[arg(long, conflicts_with_all = ["exercises", "source"])]
    all: bool,
    /// How the verdicts are told
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Writes the format into this file, and words to standard output
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Judges nothing: tells the verdicts that --format json has printed
    /// into this file, or - for standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["exercises", "source", "all"]
    )]
    verdicts: Option<PathBuf>,
    /// Tells every finding in full, and not the earliest cause alone
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    contain: Contain,
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
    #[arg(long, conflicts_with_all = ["exercises", "source", "all", "verdicts"])]
    list: bool,
}

impl Grade {
    pub(crate) fn run(&self) -> ExitCode {
        let reports = Reports {
            format: self.format,
            file: self.report.as_deref(),
            is_full: self.full,
        };
        match self.grade(&reports) {
            Ok(sheet) => reports.exit_code(&sheet),
            Err(trouble) => {
                warn(&format!("forklore grade: {trouble}\n"));
                let code =
                    if trouble.is_usage() { WRONG_USAGE } else { COULD_NOT };
                ExitCode::from(code)
            }
        }
    }

    fn grade(&self, reports: &Reports<'_>) -> Result<Sheet, Trouble> {
        self.follow()?;
        if let Some(file) = &self.verdicts {
            let sheet = read(file)?;
            sheet.entries.iter().try_for_each(|it| reports.tell(it))?;
            reports.finish(&sheet)?;
            return Ok(sheet);
        }
        let here = env::current_dir().map_err(|error| {
            Trouble::failed(format!("cannot find this folder: {error}"))
        })?;
        let course = self.course(&here)?;
        if self.list {
            let ids = course.ids()?.join("\n");
            say(&format!("{ids}\n"))?;
            return Ok(Sheet::default());
        }
        let exercises = self.exercises(&course)?;
        self.contain.check()?;
        let kit = Kit::of(&course)?;
        let mut sheet = Sheet::default();
        for exercise in &exercises {
            let source = match &self.source {
                Some(source) => source.clone(),
                None => shortened(&course.work(exercise.id()), &here),
            };
            let alone = exercises.len() == 1;
            let entry = self.entry(&kit, exercise, &source, alone)?;
            reports.tell(&entry)?;
            sheet.entries.push(entry);
        }
        reports.finish(&sheet)?;
        Ok(sheet)
    }

    /// What becomes of one exercise. Trouble with one among several is its
    /// own: the others are judged.
    fn entry(
        &self,
        kit: &Kit,
        exercise: &Exercise,
        source: &Path,
        is_alone: bool,
    ) -> Result<Entry, Trouble> {
        let id = exercise.id().to_owned();
        if self.source.is_none() && source.symlink_metadata().is_err() {
            let worth = exercise.questions().points;
            let of = worth.works + worth.robust;
            return Ok(Entry::new(id, Outcome::NotBegun { of }));
        }
        let begun = Instant::now();
        let own = self.source.is_none();
        let bad = no_program(exercise, source, self.seed).filter(|_| own);
        let judged = match bad {
            Some(verdict) => Ok((verdict, None)),
            None => self.judge(kit, exercise, source),
        };
        let (verdict, picture) = match judged {
            Err(trouble) if !is_alone => {
                let why = trouble.to_string();
                (Verdict::unjudged(exercise, self.seed, why), None)
            }
            judged => judged?,
        };
        let outcome = Outcome::Judged(Box::new(verdict));
        let mut entry = Entry::new(id, outcome);
        entry.source = in_repository(source);
        entry.took = begun.elapsed();
        entry.picture = picture;
        Ok(entry)
    }

    /// The verdict on a program, and its failing run for who shows pictures.
    fn judge(
        &self,
        kit: &Kit,
        exercise: &Exercise,
        source: &Path,
    ) -> Result<(Verdict, Option<Picture>), Trouble> {
        let options = self.options(self.contain.of_build()?);
        let built = build(kit, exercise, source, options)?;
        let judged = self.contain.judge(exercise, built, options, &|| ())?;
        if self.format == Format::Human && !judged.warnings.is_empty() {
            warn(&grader::said(&judged.warnings));
        }
        self.draw(judged.failing.as_ref())?;
        let draws = matches!(self.format, Format::Github | Format::Gradescope);
        let failing = judged.failing.filter(|_| draws);
        Ok((judged.verdict, failing.map(Picture::of)))
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

    fn options(&self, contained: Containment) -> Options {
        let colour = self.format == Format::Human
            && io::stdout().is_terminal()
            && env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        Options { seed: self.seed, colour, contained }
    }

    fn exercises(&self, course: &Course) -> Result<Vec<Exercise>, Trouble> {
        let exercises = self
            .chosen(course)?
            .iter()
            .map(|id| course.exercise(id))
            .collect::<Result<Vec<_>, _>>()?;
        if exercises.len() != 1 {
            let several = [("--source", &self.source), ("--svg", &self.svg)];
            if let Some((it, _)) = several.iter().find(|it| it.1.is_some()) {
                return Err(Trouble::usage(format!("{it} takes one exercise")));
            }
        }
        Ok(exercises)
    }

    /// The exercises that were named, or all that somebody works on.
    fn chosen(&self, course: &Course) -> Result<Vec<String>, Trouble> {
        if self.all {
            return course.ids();
        }
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
    fn draw(&self, failing: Option<&FailingRun>) -> Result<(), Trouble> {
        let (Some(file), Some(run)) = (&self.svg, failing) else {
            return Ok(());
        };
        let header = Header::new(run.level, vec!["solution".to_owned()]);
        let story = Story::new(&header, run.events.clone());
        fs::write(file, svg(&story)).map_err(|error| {
            let file = file.display();
            Trouble::failed(format!("cannot write {file}: {error}"))
        })
    }
}

/// The path as one would type it here: the compiler shows it.
pub(crate) fn shortened(path: &Path, here: &Path) -> PathBuf {
    path.strip_prefix(here).unwrap_or(path).to_owned()
}
