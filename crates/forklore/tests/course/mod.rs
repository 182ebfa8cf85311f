//! The course, and verdicts on its exercises by the program itself.

#![allow(dead_code, reason = "each test program uses its part")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::thread::{Builder, scope};

use grader::{Course, Exercise};
use serde_json::Value;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn exercises() -> Vec<Exercise> {
    let root = root().canonicalize().expect("the workspace is there");
    let course = Course::around(&root).expect("this is the course");
    let ids = course.ids().expect("its lessons can be read");
    let read = |id: &String| course.exercise(id).map_err(|it| it.to_string());
    ids.iter().map(read).collect::<Result<_, _>>().expect("all are right")
}

/// The course as it is, but with these exercises alone: each by its lesson,
/// its name, and the folder that it is.
pub(crate) fn course_of(
    name: &str,
    exercises: &[(&str, &str, &str)],
) -> PathBuf {
    let course = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&course).ok();
    let root = root().canonicalize().expect("the workspace is there");
    let not_these = ["target", "work", "lessons", ".git", ".vscode"];
    link(&root, &course, &not_these);
    for lesson in fs::read_dir(root.join("lessons")).expect("they are there") {
        let lesson = lesson.expect("it can be read").file_name();
        let place = Path::new("lessons").join(lesson);
        link(&root.join(&place), &course.join(&place), &["exercises"]);
    }
    for (lesson, name, folder) in exercises {
        let place = course.join("lessons").join(lesson).join("exercises");
        fs::create_dir_all(&place).expect("it can be made");
        symlink(root.join(folder), place.join(name)).expect("it can be made");
    }
    course
}

/// Makes a folder that holds all that another does, but for these.
fn link(from: &Path, to: &Path, but: &[&str]) {
    fs::create_dir_all(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("it can be read") {
        let name = entry.expect("it can be read").file_name();
        if !but.iter().any(|it| name == **it) {
            symlink(from.join(&name), to.join(&name)).expect("it can be made");
        }
    }
}

/// The folder in which cargo builds, where this program lies.
pub(crate) fn target() -> &'static Path {
    let program = Path::new(env!("CARGO_BIN_EXE_forklore"));
    program.ancestors().nth(2).expect("it lies in target/debug")
}

/// `forklore grade` in the folder of the course.
pub(crate) fn grade(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_forklore"))
        .arg("grade")
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("it can be run")
}

/// The verdict on a file.
pub(crate) fn verdict(exercise: &str, source: &Path) -> Value {
    let source = source.to_str().expect("paths here are UTF-8");
    let output = grade(&[exercise, "--source", source, "--format", "json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        panic!("{source}: {error}: {stderr}")
    })
}

/// The rule of the first finding.
pub(crate) fn first_rule(verdict: &Value) -> &str {
    verdict["findings"][0]["rule"].as_str().unwrap_or_default()
}

/// The rule that a file is named for: the longest id that its name, without
/// `start`, begins with.
pub(crate) fn rule_of(path: &Path, start: &str) -> Option<&'static str> {
    let name = path.file_stem()?.to_str()?.strip_prefix(start)?;
    let is_it = |id: &&str| {
        name.strip_prefix(id)
            .is_some_and(|it| it.is_empty() || it.starts_with('-'))
    };
    let ids = grader::RULES.iter().map(|rule| rule.id);
    ids.filter(is_it).max_by_key(|id| id.len())
}

/// Does the same with each, two at a time; all that went wrong.
pub(crate) fn each<T: Sync>(
    items: &[T],
    check: impl Fn(&T) -> Result<(), String> + Sync,
) {
    let next = Mutex::new(0..items.len());
    let wrong = Mutex::new(Vec::new());
    scope(|scope| {
        for _ in 0..2 {
            let work = || {
                loop {
                    let place = next.lock().expect("no panic").next();
                    let Some(place) = place else { return };
                    if let Err(why) = check(&items[place]) {
                        wrong.lock().expect("no panic").push(why);
                    }
                }
            };
            Builder::new().spawn_scoped(scope, work).expect("a thread");
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
