//! The course, and verdicts on its exercises by the program itself.

#![allow(dead_code, reason = "each test program uses its part")]

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
