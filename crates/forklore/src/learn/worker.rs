//! One judgement, as a process of its own: it can be ended at any moment,
//! and with it whatever it has started.

use std::env;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use grader::{Course, FailingRun, Judged, Kit, Options, Trouble, build};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use picture::{LaneStyle, Story, Time, lanes};
use serde_json::{Value, json};
use trace::Header;

use super::judgement::WORKS;
use super::progress::reached_by;
use super::source;
use crate::contain::Contain;
use crate::grade::shortened;

/// Judges one program for `forklore learn`, which gives it on standard input;
/// the outcome is one JSON object, a line of standard output. The line before
/// it, if there is one, says that it works, as soon as that is certain.
#[derive(Args, Debug)]
pub(crate) struct Worker {
    exercise: String,
    /// How wide a picture may be
    #[arg(long)]
    columns: usize,
    #[arg(long)]
    ascii: bool,
    /// Whether the compiler may use colours
    #[arg(long)]
    colour: bool,
    #[command(flatten)]
    contain: Contain,
}

impl Worker {
    pub(crate) fn run(&self) -> ExitCode {
        let outcome = match self.judge() {
            Ok(outcome) => outcome,
            Err(trouble) => json!({ "trouble": trouble.to_string() }),
        };
        match writeln!(io::stdout(), "{outcome}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }
    }

    fn judge(&self) -> Result<Value, Trouble> {
        // What learn blocks for itself, no submission shall find blocked.
        let cannot = |error: &dyn std::fmt::Display| {
            Trouble::failed(format!("cannot begin to judge: {error}"))
        };
        SigSet::empty().thread_set_mask().map_err(|it| cannot(&it))?;
        set_pdeathsig(Signal::SIGTERM).map_err(|it| cannot(&it))?;
        let here = env::current_dir().map_err(|it| cannot(&it))?;
        let mut program = Vec::new();
        io::stdin().read_to_end(&mut program).map_err(|it| cannot(&it))?;
        let course = Course::around(&here)?;
        let exercise = course.exercise(&self.exercise)?;
        let kit = Kit::of(&course)?;
        let path = shortened(&course.work(exercise.id()), &here);
        let options = Options {
            colour: self.colour,
            contained: self.contain.of_build()?,
            ..Options::default()
        };
        // The program is compiled from its file: only if that is the same
        // before and behind, the verdict is on this program.
        if !is_still(&path, &program) {
            return Ok(json!({ "stale": true }));
        }
        let built = build(&kit, &exercise, &path, options);
        if !is_still(&path, &program) {
            return Ok(json!({ "stale": true }));
        }
        let works = || {
            io::stdout().write_all(WORKS).unwrap_or_default();
        };
        let judged = self.contain.judge(&exercise, built?, options, &works)?;
        Ok(self.outcome(judged))
    }

    fn outcome(&self, judged: Judged) -> Value {
        let verdict = judged.verdict;
        let rules: Vec<&str> =
            verdict.findings.iter().map(|it| it.rule).collect();
        let mut first = verdict.clone();
        first.findings.truncate(1);
        json!({
            "word": verdict.verdict,
            "reached": reached_by(&verdict).map(|it| it.word()),
            "rules": rules,
            "first": grader::human(&first, true),
            "full": grader::human(&verdict, true),
            "warnings": grader::said(&judged.warnings),
            "picture": judged.failing.map(|it| self.draw(it)),
        })
    }

    /// The lanes of the run that the first finding is about.
    fn draw(&self, run: FailingRun) -> String {
        let header = Header::new(run.level, vec!["solution".to_owned()]);
        // A run that was cut off hangs, or never ends: that takes time.
        let time = if run.is_cut { Time::Linear } else { Time::Step };
        let story = Story::new(&header, run.events);
        let style = LaneStyle {
            width: self.columns,
            time,
            ascii: self.ascii,
            colour: true,
        };
        lanes(&story, &style)
    }
}

fn is_still(path: &Path, program: &[u8]) -> bool {
    source::read(path).is_ok_and(|it| it == program)
}
