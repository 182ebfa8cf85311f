//! Every exercise has its shape, and a part of the gallery: scripts/gallery
//! judges all answers, many times.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use course::{each, exercises, first_rule, root, rule_of, verdict};
use grader::{Exercise, hints, rule};

mod course;

#[test]
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
fn every_exercise_has_its_files() {
    for exercise in exercises() {
        let folder = exercise.folder();
        let id = exercise.id();
        let allowed = ["README.md", "expect.toml", "helpers", "starter.rs"];
        for entry in fs::read_dir(folder).expect("it is a folder") {
            let name = entry.expect("it can be read").file_name();
            let name = name.to_str().expect("names are UTF-8").to_owned();
            let is_answer = name.ends_with(".rs")
                && (name.starts_with("right") || name.starts_with("wrong-"));
            assert!(
                is_answer || allowed.contains(&name.as_str()),
                "{id}: {name} has no place there"
            );
        }
        let answers = exercise.answers().expect("they can be listed");
        let has = |start| {
            answers.iter().any(|path| {
                let name = path.file_name().unwrap_or_default();
                name.to_string_lossy().starts_with(start)
            })
        };
        assert!(folder.join("right.rs").is_file(), "{id}: no right.rs");
        assert!(has("wrong-"), "{id}: no wrong answer");
        assert!(exercise.starter().is_file(), "{id}: no starter.rs");
    }
}

#[test]
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
fn every_wrong_answer_is_named_for_a_rule_and_says_what_it_does() {
    for exercise in exercises() {
        for path in exercise.answers().expect("they can be listed") {
            let text = fs::read_to_string(&path).expect("it can be read");
            let shown = path.display();
            assert!(text.starts_with("//! "), "{shown}: no first sentence");
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("wrong-") {
                assert!(rule_of(&path, "wrong-").is_some(), "{shown}");
            }
        }
    }
}

#[test]
fn every_readme_says_the_task_what_is_looked_at_and_hints() {
    for exercise in exercises() {
        let id = exercise.id();
        let readme = exercise.readme().expect("there is one");
        let headings: Vec<&str> =
            readme.lines().filter(|line| line.starts_with("## ")).collect();
        let expected =
            ["## The task", "## What the grader looks at", "## Hints"];
        assert_eq!(headings, expected, "{id}");
        assert!(readme.starts_with("# "), "{id}: no title");
        assert!(rule(&diagnosis(&exercise)).is_some(), "{id}: its diagnosis");
        let found = hints(&readme);
        assert!(!found.is_empty(), "{id}: no hint");
        for (hinted, hint) in found {
            assert!(rule(&hinted).is_some(), "{id}: a hint on {hinted}");
            assert!(!hint.is_empty(), "{id}: {hinted} has no hint");
        }
    }
}

#[test]
fn the_lessons_that_an_exercise_needs_come_without_circles() {
    let lessons: BTreeSet<String> = fs::read_dir(root().join("lessons"))
        .expect("there are lessons")
        .map(|it| it.expect("it can be read").file_name())
        .map(|it| it.to_str().expect("names are UTF-8").to_owned())
        .collect();
    for exercise in exercises() {
        for needed in &exercise.questions().needs {
            let needed = needed.get_ref();
            assert!(lessons.contains(needed), "{}: {needed}", exercise.id());
            // It orders exercises behind lessons, and lessons have an order
            // of their own: its own lesson needs no naming.
            assert_ne!(*needed, exercise.lesson(), "{}", exercise.id());
        }
    }
}

/// What the README says of the starter.
fn diagnosis(exercise: &Exercise) -> String {
    let readme = exercise.readme().expect("there is one");
    let behind = readme.split_once("ts diagnosis is `").unwrap_or_default().1;
    behind.split('`').next().unwrap_or_default().to_owned()
}

fn sources(exercise: &Exercise) -> Vec<PathBuf> {
    let mut sources = exercise.answers().expect("they can be listed");
    sources.push(exercise.starter());
    for helper in exercise.helpers().expect("they can be listed") {
        sources.push(exercise.helper(&helper));
    }
    sources
}

#[test]
fn every_source_of_an_exercise_is_formatted() {
    let sources: Vec<PathBuf> = exercises().iter().flat_map(sources).collect();
    let output = Command::new("rustfmt")
        .args(["--edition", "2024", "--check", "--config-path"])
        .arg(root().join("rustfmt.toml"))
        .args(sources)
        .output()
        .expect("rustfmt is part of the toolchain");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

#[test]
fn every_starter_is_judged_as_its_readme_says() {
    each(&exercises(), |exercise| {
        judged_as(exercise, &exercise.starter(), &diagnosis(exercise))
    });
}

#[test]
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
fn of_each_exercise_a_right_and_a_wrong_answer_are_judged_rightly() {
    each(&exercises(), |exercise| {
        let answers = exercise.answers().expect("they can be listed");
        let wrong =
            answers.iter().find(|path| rule_of(path, "wrong-").is_some());
        let wrong = wrong.expect("another test looks for one");
        let right = exercise.folder().join("right.rs");
        judged_as(exercise, wrong, rule_of(wrong, "wrong-").unwrap_or(""))?;
        judged_as(exercise, &right, "")
    });
}

/// Whether a source gets that rule first; without one, whether it passes.
fn judged_as(
    exercise: &Exercise,
    source: &Path,
    rule: &str,
) -> Result<(), String> {
    let verdict = verdict(exercise.id(), source);
    let is_right = match rule {
        "" => verdict["verdict"] == "pass",
        rule => verdict["verdict"] == "fail" && first_rule(&verdict) == rule,
    };
    let shown = source.display();
    if is_right { Ok(()) } else { Err(format!("{shown}: {verdict:#}")) }
}
