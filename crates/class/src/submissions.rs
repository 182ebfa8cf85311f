//! What a class has handed in: who, which exercises, and what is not taken.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use grader::clean;
use serde::{Deserialize, Serialize};

use crate::folder::{Folder, Found};
use crate::roster::STUDENTS as STUDENTS_FILE;

/// As much of a source is read; the grader compiles no longer one.
const LONGEST: u64 = 1 << 20;
/// More students are in no class.
const STUDENTS: usize = 1_000_000;
/// A longer name is no student's: the file names of records need room.
const LONGEST_NAME: usize = 200;
/// So many names that are no student's are told one by one.
const TOLD: usize = 20;
/// What lies beside the students' folders, and is the class's or a system's.
const OWN: &[&str] =
    &["class.toml", STUDENTS_FILE, "__MACOSX", ".DS_Store", "Thumbs.db"];

/// A folder of submissions, looked through.
#[derive(Debug)]
pub struct Submissions {
    folder: Folder,
    /// The students, by id.
    pub students: Vec<Student>,
    /// What is not taken, a line each.
    pub refused: Vec<String>,
}

/// What one student has handed in.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Student {
    /// The name of the student's folder.
    pub id: String,
    /// The exercises with a source that is taken.
    pub exercises: Vec<String>,
    /// The exercises of which nobody can tell what was handed in: the machine
    /// did not let us look. That is no zero.
    #[serde(default)]
    pub unread: Vec<String>,
    /// What is not taken, a line each.
    pub refused: Vec<String>,
}

/// Whether a folder's name can be a student's id, and why not.
///
/// # Errors
/// What is wrong with it, in words that a terminal may be given.
pub fn student_id(name: &OsStr) -> Result<&str, String> {
    let shown = || clean(&name.to_string_lossy());
    let Some(id) = name.to_str() else {
        return Err(format!("'{}' is not UTF-8", shown()));
    };
    if id.len() > LONGEST_NAME {
        let length = id.len();
        return Err(format!(
            "'{}…' has {length} bytes; a student's name has at most \
             {LONGEST_NAME}",
            clean(&id.chars().take(40).collect::<String>())
        ));
    }
    let is_plain = clean(id) == id && !id.contains(['/', '\t']);
    if !is_plain || id.is_empty() || id.starts_with('.') {
        return Err(format!("'{}' is no name of a student", shown()));
    }
    Ok(id)
}

impl Submissions {
    /// Looks through a folder: `STUDENT/work/EXERCISE/src/main.rs` and
    /// `STUDENT/EXERCISE.rs` are taken, for the exercises that are named.
    ///
    /// A student's folder is not listed: names are looked up in it, so that
    /// one with many files costs no more than others.
    ///
    /// # Errors
    /// If the folder itself cannot be read.
    pub fn survey(path: &Path, exercises: &[String]) -> io::Result<Self> {
        let folder = Folder::open(path)?;
        let (names, more) = folder.names(STUDENTS)?;
        let mut all = Self { folder, students: Vec::new(), refused: vec![] };
        for name in &names {
            if OWN.iter().any(|own| name == own) {
                continue;
            }
            match all.student(name, exercises) {
                Ok(student) => all.students.push(student),
                Err(why) => all.refused.push(why),
            }
        }
        let too_many = all.refused.len().saturating_sub(TOLD);
        all.refused.truncate(TOLD);
        if too_many + more > 0 {
            all.refused.push(format!(
                "{} more names are no student's folder",
                too_many + more
            ));
        }
        Ok(all)
    }

    fn student(
        &self,
        name: &OsString,
        exercises: &[String],
    ) -> Result<Student, String> {
        let id = student_id(name)?.to_owned();
        let folder = match self.folder.folder(name) {
            Found::It(folder) => folder,
            Found::Nothing => return Err(format!("'{id}' is gone")),
            Found::Other(why) | Found::Unread(why) => {
                return Err(format!("'{id}' {why}, and no student's folder"));
            }
        };
        Ok(Student::of(id, &folder, exercises))
    }

    /// A source, as it is now.
    ///
    /// # Errors
    /// Why there is none.
    pub fn source(
        &self,
        student: &str,
        exercise: &str,
    ) -> Result<Vec<u8>, String> {
        let folder = match self.folder.folder(OsStr::new(student)) {
            Found::It(folder) => folder,
            Found::Nothing => return Err("the folder is gone".to_owned()),
            Found::Other(why) | Found::Unread(why) => {
                return Err(format!("the folder {why}"));
            }
        };
        match source_in(&folder, exercise) {
            Found::It(bytes) => Ok(bytes),
            Found::Nothing => Err("the source is gone".to_owned()),
            Found::Other(why) | Found::Unread(why) => Err(why),
        }
    }
}

impl Student {
    /// What lies in a student's folder.
    fn of(id: String, folder: &Folder, all: &[String]) -> Self {
        let (mut exercises, mut unread) = (Vec::new(), Vec::new());
        let mut refused = Vec::new();
        let mut whys: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for exercise in all {
            match source_in(folder, exercise) {
                Found::It(_) => exercises.push(exercise.clone()),
                Found::Nothing => {}
                Found::Other(why) => refused
                    .push(format!("{id}: {why}: {exercise} is not taken")),
                Found::Unread(why) => {
                    unread.push(exercise.clone());
                    whys.entry(why).or_default().push(exercise);
                }
            }
        }
        // A folder that is closed is so for all of them.
        refused.extend(whys.into_iter().map(|(why, of)| match &of[..] {
            [exercise] => format!("{id}: {why}: no verdict on {exercise}"),
            of => format!("{id}: {why}: no verdict on {} exercises", of.len()),
        }));
        Self { id, exercises, unread, refused }
    }

    /// Whether nothing of what lies there, if anything does, is looked at.
    pub fn has_nothing(&self) -> bool {
        self.exercises.is_empty()
            && self.unread.is_empty()
            && self.refused.is_empty()
    }
}

/// The source of an exercise: of the copy of the course, else the file alone.
fn source_in(folder: &Folder, exercise: &str) -> Found<Vec<u8>> {
    let way = ["work", exercise, "src"];
    match in_course(folder, &way, &mut String::new()) {
        Found::Nothing => {}
        found => return found,
    }
    let name = format!("{exercise}.rs");
    folder.bytes(OsStr::new(&name), LONGEST).at(&name)
}

fn in_course(
    folder: &Folder,
    way: &[&str],
    walked: &mut String,
) -> Found<Vec<u8>> {
    let name = way.first().copied().unwrap_or("main.rs");
    walked.push_str(name);
    let Some((_, rest)) = way.split_first() else {
        return folder.bytes(OsStr::new(name), LONGEST).at(walked);
    };
    match folder.folder(OsStr::new(name)) {
        Found::It(below) => {
            walked.push('/');
            in_course(&below, rest, walked)
        }
        Found::Nothing => Found::Nothing,
        Found::Other(why) => Found::Other(why).at(walked),
        Found::Unread(why) => Found::Unread(why).at(walked),
    }
}

#[cfg(test)]
mod tests {
    use super::student_id;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_students_name_is_one_that_a_line_and_a_path_can_hold() {
        for good in ["ada", "Ada Lovelace_1234", "zoë", "a.b", "-x"] {
            assert_eq!(student_id(OsStr::new(good)), Ok(good));
        }
        let long = "x".repeat(201);
        for bad in ["a\n::set-output x", ".ssh", "", "\u{202e}x", "a\tb", &long]
        {
            let why = student_id(OsStr::new(bad)).unwrap_err();
            assert!(!why.contains(['\n', '\u{202e}']), "{why:?}");
        }
        assert!(student_id(OsStr::from_bytes(b"\xff")).is_err());
    }
}
