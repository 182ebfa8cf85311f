//! What a session says: 80 columns, plain lines.

use std::env;
use std::io::{self, IsTerminal};

use grader::{Course, Exercise};

use super::input::COMMANDS;
use super::judgement::{Look, Told};
use super::order::{Exercises, lessons_of};
use super::progress::{Progress, Reached};
use super::shown;
use super::work::Work;
use crate::{columns, locale};

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32;1m";
const PLAIN: &str = "\x1b[0m";

/// How what is told looks on this terminal.
pub(crate) fn look() -> Look {
    let no_colour = env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
    Look {
        columns: columns::of(io::stdout()),
        is_ascii: !locale::is_utf8(),
        has_colour: io::stdout().is_terminal() && !no_colour,
    }
}

/// How far one is.
pub(crate) fn standing(exercises: &Exercises, progress: &Progress) -> String {
    let all = exercises.all();
    let has = |least: Reached| {
        let reached = all.iter().map(|it| progress.of(it.id()));
        reached.filter(|it| *it >= Some(least)).count()
    };
    let (works, robust) = (has(Reached::Works), has(Reached::Pass));
    format!("{works} of {} work; both marks: {robust}.\n", all.len())
}

pub(crate) fn all_passed(exercises: &Exercises) -> String {
    format!(
        "All {} exercises have both marks. `cargo learn list` names them; \
         `cargo learn EXERCISE` opens one again.\n",
        exercises.all().len()
    )
}

/// What is done once, and what one can do meanwhile.
pub(crate) fn building(course: &Course, exercise: &Exercise) -> String {
    let lesson = course.root().join("lessons").join(exercise.lesson());
    format!(
        "What a program may use is built now, once. Meanwhile, begin to \
         read:\n  {}\n",
        shown(&lesson.join("README.md"))
    )
}

/// Where to read, what to run, what to change.
pub(crate) fn introduction(
    course: &Course,
    exercise: &Exercise,
    is_new: bool,
) -> String {
    let (id, questions) = (exercise.id(), exercise.questions());
    let mut text = format!(
        "\n{BOLD}{}{PLAIN}  ({id}, level {}, about {} min)\n\n",
        grader::clean(&questions.title),
        questions.level.0,
        questions.minutes
    );
    let lessons = lessons_of(exercise);
    let page = |lesson: &String| {
        shown(&course.root().join("lessons").join(lesson).join("README.md"))
    };
    if is_new {
        text.push_str("The lesson comes first. Read it, and run it:\n");
        for lesson in &lessons {
            text.push_str(&format!("  {}\n", page(lesson)));
            text.push_str(&format!("  cargo run -p {lesson}\n"));
        }
        text.push_str("Then the task, and your program:\n");
    } else {
        text.push_str("The lesson, the task, and your program:\n");
        for lesson in &lessons {
            text.push_str(&format!("  {}\n", page(lesson)));
        }
    }
    let package = Work::of(course).package(id);
    text.push_str(&format!("  {}\n", shown(&package.join("README.md"))));
    text.push_str(&format!("  {}\n", shown(&course.work(id))));
    text.push_str("Every time you save it, it is judged.\n");
    text
}

/// The verdict; `is_full` is whether all findings are told, and not the
/// earliest cause alone. What is to be read first stands last: a terminal
/// shows the end.
pub(crate) fn verdict(told: &Told, look: Look, is_full: bool) -> String {
    let stroke = if look.is_ascii { "-" } else { "─" };
    let mut text = format!("\n{}\n", stroke.repeat(look.columns.min(80)));
    if !told.warnings.is_empty() {
        text.push_str(&told.warnings);
        text.push('\n');
    }
    if is_full {
        text.push_str(&told.full);
        return text;
    }
    if !told.picture.is_empty() {
        text.push_str(&told.picture);
        text.push('\n');
    }
    text.push_str(&told.first);
    if told.rules.len() > 1 {
        let others = told.rules[1..].join(", ");
        text.push_str(&format!("also: {others} (f tells all)\n"));
    }
    text
}

/// What one can do now, in one line.
pub(crate) fn prompt(told: Option<&Told>, has_keys: bool) -> String {
    let mut keys = Vec::new();
    let mut key = |key: &str, does: String| {
        keys.push(format!("{BOLD}{key}{PLAIN} {does}"));
    };
    if let Some(told) = told {
        match told.rules.first() {
            Some(rule) => key("h", format!("hint on {rule}")),
            None if told.word == "build-failed" => key("h", "hint".to_owned()),
            None => {}
        }
        if told.reached == Some(Reached::Pass) {
            key("a", "right answers".to_owned());
        }
        if told.reached.is_some() || told.word == "undecided" {
            key("n", "next".to_owned());
        }
    }
    key("t", "task".to_owned());
    key("l", "list".to_owned());
    key("?", "all keys".to_owned());
    key("q", "quit".to_owned());
    let enter = if has_keys { "" } else { " (and Enter)" };
    format!("\n{}{enter}\n", keys.join("   "))
}

/// What a verdict is good for.
pub(crate) fn merit(told: &Told) -> &'static str {
    match told.reached {
        Some(Reached::Pass) => "Both marks. `n` goes on.\n",
        Some(Reached::Works) => {
            "It works: the next exercise is open (`n`). What is left costs \
             the mark\nrobust.\n"
        }
        None if told.word == "undecided" => {
            "So far nothing is wrong with it. What was not judged needs a \
             machine that\nlets programs be observed.\n"
        }
        None => "",
    }
}

pub(crate) fn help(has_keys: bool) -> String {
    let mut text = String::from("\n");
    for (key, name, _, does) in COMMANDS {
        text.push_str(&format!("  {BOLD}{key}{PLAIN}  {name:7} {does}\n"));
    }
    if !has_keys {
        text.push_str("  The letter or the word, and Enter.\n");
    }
    text
}

/// A part of a page, its prose in lines that fit.
pub(crate) fn page(markdown: &str) -> String {
    let mut text = String::new();
    let mut is_code = false;
    for line in grader::clean_lines(markdown.trim_end()).lines() {
        is_code ^= line.starts_with("```");
        let hanging = if line.starts_with("- ") { "  " } else { "" };
        let options = textwrap::Options::new(look().columns.min(80))
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .subsequent_indent(hanging);
        match is_code {
            true => text.push_str(line),
            false => text.push_str(&textwrap::fill(line, options)),
        }
        text.push('\n');
    }
    text
}

/// A word for a line of the list, in its colour.
pub(crate) fn reached(reached: Option<Reached>, is_begun: bool) -> String {
    match reached {
        Some(it) => format!("{GREEN}{:5}{PLAIN}", it.word()),
        None if is_begun => "begun".to_owned(),
        None => "-    ".to_owned(),
    }
}
