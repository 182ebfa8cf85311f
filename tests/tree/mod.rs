//! The tree under test: its lessons, their files, their items.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file, named from the root.
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let folder = root().join(folder);
    let entries = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| {
            let name = entry.expect("a folder is readable").file_name();
            name.into_string().expect("names here are UTF-8")
        })
        .collect();
    names.sort();
    names
}

/// `lesson-01-execution` and so on.
pub(crate) fn lessons() -> Vec<String> {
    let all = names("lessons");
    let lessons: Vec<String> =
        all.into_iter().filter(|name| name.starts_with("lesson-")).collect();
    assert!(!lessons.is_empty(), "there are no lessons");
    lessons
}

/// A lesson's demos, in the order of its list in `src/main.rs`.
pub(crate) fn demos(lesson: &str) -> Vec<String> {
    let main = text(format!("lessons/{lesson}/src/main.rs"));
    regex(r#"Demo::(?:new|with_argument)\(\s*"([^"]+)""#)
        .captures_iter(&main)
        .map(|found| found[1].to_owned())
        .collect()
}

pub(crate) fn regex(pattern: &str) -> regex_lite::Regex {
    regex_lite::Regex::new(pattern).expect("a pattern here is valid")
}
