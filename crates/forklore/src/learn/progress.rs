//! What was reached: `work/progress.txt`, one exercise a line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use grader::{Course, Trouble, Verdict};

use super::{failed, shown};

const HEAD: &str = "\
# What you have reached: an exercise a line, with `works` or `pass`.
";

/// The best verdict that a program of an exercise has had.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Reached {
    /// The mark works.
    Works,
    /// Both marks.
    Pass,
}

impl Reached {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Pass => "pass",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::Works, Self::Pass].into_iter().find(|it| it.word() == word)
    }
}

/// The file, line by line: lines that are not ours stay as they are.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    path: PathBuf,
    lines: Vec<String>,
}

impl Progress {
    /// What stands in the file; nothing, if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or a line says something else.
    pub(crate) fn read(course: &Course) -> Result<Self, Trouble> {
        let path = course.root().join("work/progress.txt");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                HEAD.to_owned()
            }
            Err(error) => return Err(failed("read", &path, &error)),
        };
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let is_wrong = |line: &String| !is_blank(line) && entry(line).is_none();
        if let Some(at) = lines.iter().position(is_wrong) {
            let (path, line) = (shown(&path), grader::clean(&lines[at]));
            return Err(Trouble::failed(format!(
                "{path}:{}: '{line}' is no exercise with `works` or `pass`; \
                 mend or delete this line",
                at + 1
            )));
        }
        Ok(Self { path, lines })
    }

    /// What an exercise has reached.
    pub(crate) fn of(&self, id: &str) -> Option<Reached> {
        let entries = self.lines.iter().filter_map(|line| entry(line));
        entries.filter(|(it, _)| *it == id).map(|(_, it)| it).max()
    }

    /// Notes what an exercise has reached.
    ///
    /// # Errors
    /// If the file cannot be written; then the old one stays.
    pub(crate) fn note(
        &mut self,
        id: &str,
        reached: Reached,
    ) -> Result<(), Trouble> {
        let is_other = |line: &String| entry(line).is_none_or(|it| it.0 != id);
        let before = self.lines.clone();
        self.lines.retain(is_other);
        self.lines.push(format!("{id} {}", reached.word()));
        if self.lines == before {
            return Ok(());
        }
        let text = self.lines.join("\n") + "\n";
        write_whole(&self.path, &text)
            .map_err(|error| failed("write", &self.path, &error))
    }
}

/// What a verdict reaches.
pub(crate) fn reached_by(verdict: &Verdict) -> Option<Reached> {
    match (verdict.works, verdict.robust) {
        (Some(true), Some(true)) => Some(Reached::Pass),
        (Some(true), _) => Some(Reached::Works),
        _ => None,
    }
}

/// Writes a file so that at every moment there is a whole one.
pub(crate) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let written =
        fs::write(&draft, text).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        fs::remove_file(&draft).ok();
    }
    written
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn entry(line: &str) -> Option<(&str, Reached)> {
    let mut words = line.split_whitespace();
    let entry = (words.next()?, Reached::of_word(words.next()?)?);
    (words.next().is_none() && !is_blank(line)).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::{Reached, entry};

    #[test]
    fn a_line_is_an_exercise_and_what_it_reached() {
        assert_eq!(entry("a-b pass"), Some(("a-b", Reached::Pass)));
        assert_eq!(entry(" a-b  works "), Some(("a-b", Reached::Works)));
        for line in ["", "# a pass", "a-b", "a-b won", "a-b pass 3", "<<<<"] {
            assert_eq!(entry(line), None, "{line}");
        }
    }
}
