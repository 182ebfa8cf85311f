//! Hints and right answers.

use std::fs;
use std::path::{Path, PathBuf};

use grader::{Course, Exercise, Kit, Trouble};

use super::judgement::{Judgement, Outcome, Told};
use super::order::Exercises;
use super::progress::{Progress, Reached};
use super::work::Work;
use super::{failed, say, signals, source, tell};
use crate::contain::Contain;

const NOT_PASSED: u8 = 1;

/// Judges the program of an exercise and prints the hint on its first fault.
///
/// # Errors
/// If there is no such exercise or program, or it cannot be judged.
pub(crate) fn hint(
    course: &Course,
    exercises: &Exercises,
    id: Option<&str>,
    contain: Contain,
) -> Result<u8, Trouble> {
    let progress = Progress::read(course)?;
    let place = match id {
        Some(id) => Some(exercises.place(id)?),
        None => exercises.next(&progress, None),
    };
    let Some(place) = place else {
        say(&tell::all_passed(exercises))?;
        return Ok(0);
    };
    let exercise = exercises.at(place);
    Work::of(course).prepare(exercise)?;
    Kit::of(course)?;
    let path = course.work(exercise.id());
    let program =
        source::read(&path).map_err(|error| failed("read", &path, &error))?;
    let signals = signals::hear()?;
    let mut judgement =
        Judgement::start(exercise.id(), program, tell::look(), contain)?;
    let asked = judgement.wait(&signals).map_err(|error| {
        Trouble::failed(format!("cannot wait for the verdict: {error}"))
    })?;
    if let Some(signal) = asked {
        return Ok(signals::code(signal));
    }
    match judgement.finish() {
        Outcome::Told(told) => {
            say(&text(exercise, &told)?)?;
            Ok(if told.word == "pass" { 0 } else { NOT_PASSED })
        }
        Outcome::Stale => {
            Err(Trouble::failed("your program was saved while it was judged"))
        }
        Outcome::Trouble(says) => Err(Trouble::failed(says)),
    }
}

/// The hint that belongs to the first finding of a verdict.
///
/// # Errors
/// If the README cannot be read.
pub(crate) fn text(
    exercise: &Exercise,
    told: &Told,
) -> Result<String, Trouble> {
    let Some(rule) = told.rules.first() else {
        return Ok(match told.word.as_str() {
            "build-failed" => explain(&told.first),
            "undecided" => "It could not be judged here; so far, nothing is \
                            wrong.\n"
                .to_owned(),
            _ => "Nothing is wrong with it: it needs no hint.\n".to_owned(),
        });
    };
    let hint = match exercise.hint(rule)? {
        Some(hint) => hint,
        // The catalogue says what the fault is.
        None => {
            let page = grader::rule(rule).map_or("", |it| it.page);
            page.split("\n\n").nth(1).unwrap_or_default().to_owned()
        }
    };
    Ok(format!("{rule}:\n{}", tell::page(&hint)))
}

/// The compiler has more to say about an error that has a number.
fn explain(said: &str) -> String {
    let code = said.split("error[").nth(1).and_then(|it| it.split(']').next());
    match code {
        Some(code) if code.chars().all(|it| it.is_ascii_alphanumeric()) => {
            format!("The compiler says more: rustc --explain {code}\n")
        }
        _ => "Begin with the compiler's first error.\n".to_owned(),
    }
}

/// Prints a right answer, if the learner's own has passed.
///
/// # Errors
/// If there is none of that name, or none at all.
pub(crate) fn answer(
    course: &Course,
    exercise: &Exercise,
    name: Option<&str>,
) -> Result<u8, Trouble> {
    let progress = Progress::read(course)?;
    let reached = progress.of(exercise.id());
    let (is_open, text) = answer_text(exercise, reached, name)?;
    say(&text)?;
    Ok(if is_open { 0 } else { NOT_PASSED })
}

/// A right answer, and the names of the others; whether it is shown.
///
/// # Errors
/// If there is none of that name, or none at all.
pub(crate) fn answer_text(
    exercise: &Exercise,
    reached: Option<Reached>,
    name: Option<&str>,
) -> Result<(bool, String), Trouble> {
    let id = exercise.id();
    if reached != Some(Reached::Pass) {
        let text = format!(
            "Right answers to {id} are shown once your program has both \
             marks.\n"
        );
        return Ok((false, text));
    }
    let mut answers = exercise.answers()?;
    answers.retain(|it| name_of(it).is_some());
    answers.sort_by_key(|it| name_of(it).is_none_or(|it| it != "right"));
    let names: Vec<String> =
        answers.iter().filter_map(|it| name_of(it)).collect();
    if answers.is_empty() {
        return Err(Trouble::failed("this copy of the course has no answers"));
    }
    let at = match name {
        None => 0,
        Some(name) => {
            let known = names.iter().position(|it| it == name);
            let says =
                || format!("{id} has no answer '{name}': {}", names.join(", "));
            known.ok_or_else(|| Trouble::usage(grader::clean(&says())))?
        }
    };
    let mut text = read(&answers[at])?;
    for (path, name) in answers.iter().zip(&names) {
        if *path != answers[at] {
            let sentence = sentence(&read(path)?);
            text.push_str(&format!(
                "\nAnother: {sentence}\n  cargo learn answer {id} {name}\n"
            ));
        }
    }
    Ok((true, text))
}

/// `right` of `right.rs`, `nix` of `right-nix.rs`.
fn name_of(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    let name = match name.strip_prefix("right")? {
        "" => "right",
        rest => rest.strip_prefix('-')?,
    };
    Some(name.to_owned())
}

fn sentence(program: &str) -> String {
    let first = program.lines().next().unwrap_or_default();
    first.trim_start_matches("//!").trim().to_owned()
}

fn read(path: &PathBuf) -> Result<String, Trouble> {
    fs::read_to_string(path).map_err(|error| failed("read", path, &error))
}
