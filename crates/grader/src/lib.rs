//! Judges an exercise by what its program did.
//!
//! The questions stand in the exercise's `expect.toml` (VOCABULARY.md says
//! what may stand there), the rules are functions over a trace, each with its
//! page in `rules/`. A [`Verdict`] is data; [`human`] puts it into words.
//!
//! ```no_run
//! use std::path::Path;
//! use grader::{Course, Kit, Options, build, judge};
//!
//! observer::keeper_main_with(grader::confine);
//! let course = Course::around(Path::new("."))?;
//! let kit = Kit::of(&course)?;
//! let exercise = course.exercise("pipes-pingpong")?;
//! let source = course.work(exercise.id());
//! let options = Options::default();
//! let built = build(&kit, &exercise, &source, options)?;
//! let judged = judge(&exercise, built, options, &|| ())?;
//! print!("{}", grader::human(&judged.verdict, false));
//! # Ok::<(), grader::Trouble>(())
//! ```

#![forbid(unsafe_code)]

mod belief;
mod built;
mod check;
mod compared;
mod compile;
mod content;
mod course;
mod dialogue;
mod exercise;
mod expected;
mod findings;
mod hang;
mod helpers;
mod history;
mod judge;
mod kit;
mod lack;
mod nearest;
mod panic;
mod parameters;
mod pattern;
mod place;
mod plain;
mod plan_words;
mod questions;
mod record;
mod report;
mod rules;
mod run;
mod selector;
mod starved;
mod stillness;
mod trouble;
mod typed;
mod verdict;

pub use built::{Built, build};
pub use compile::{Compiled, Outcome, compile};
pub use course::Course;
pub use exercise::{Exercise, hints};
pub use judge::{FailingRun, Judged, Options, judge};
pub use kit::Kit;
pub use nearest::nearest;
pub use plain::{clean, clean_lines};
pub use questions::{Level, Limits, Mark, Points, Questions};
pub use record::{Cut, Record};
pub use report::{human, said};
pub use rules::{RULES, Rule, rule, standing};
pub use run::confine;
pub use trouble::Trouble;
pub use verdict::{
    Canonical, Containment, Finding, NotRun, VERSION, Verdict, Word,
};
