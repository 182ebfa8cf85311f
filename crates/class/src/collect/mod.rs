//! From what a learning system or a forge has to a folder of submissions.
//!
//! Nothing is unpacked or checked out: of whatever a student has handed in,
//! the sources of exercises are read, and written under names of our own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::PathBuf;

use grader::clean;

use crate::roster::{Known, STUDENTS, Table};
use crate::store::write;
use crate::submissions::student_id;

mod git;
mod zip;

pub use git::{Git, from_git};
pub use zip::from_zip;

/// As much of a source is taken.
const LONGEST: u64 = 1 << 20;
/// So many lines of one kind are told.
const TOLD: usize = 200;

/// A folder of submissions that is being made.
#[derive(Debug)]
pub struct Collection {
    root: PathBuf,
    exercises: Vec<String>,
    /// The exercise that a source without its name belongs to.
    only: Option<String>,
    students: BTreeMap<String, Known>,
    /// When each student's last commit was made, as git writes it.
    moments: BTreeMap<String, String>,
    /// By which version each file was written.
    files: BTreeMap<(String, String), u32>,
    /// What a person should know, a line each.
    lines: Vec<String>,
}

/// What was collected.
#[derive(Debug)]
pub struct Collected {
    /// So many students.
    pub students: usize,
    /// So many sources.
    pub files: usize,
    /// What a person should know, a line each.
    pub lines: Vec<String>,
}

/// What a file in a submission is.
#[derive(Debug, Eq, PartialEq)]
enum Role {
    /// A source: where it goes, and which version it is.
    Source(String, u32),
    /// A packed folder.
    Packed,
    /// Nothing that is taken.
    Other,
}

impl Collection {
    /// An empty one in a folder that is not there yet, or is empty.
    ///
    /// # Errors
    /// If something is there: nothing is written over.
    pub fn new(
        root: PathBuf,
        exercises: Vec<String>,
        only: Option<String>,
    ) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        if fs::read_dir(&root)?.next().is_some() {
            return Err(io::Error::other(
                "it is not empty, and nothing is written over",
            ));
        }
        Ok(Self {
            root,
            exercises,
            only,
            students: BTreeMap::new(),
            moments: BTreeMap::new(),
            files: BTreeMap::new(),
            lines: Vec::new(),
        })
    }

    /// Writes down who is there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self) -> io::Result<Collected> {
        let head =
            ["student", "name", "system", "identifier", "late", "submitted"];
        let rows = self.students.iter().map(|(student, known)| {
            let late = if known.is_late { "yes" } else { "" };
            let moment = self.moments.get(student).map_or("", |it| it);
            let cells = [
                student,
                &known.name,
                &known.system,
                &known.identifier,
                late,
                moment,
            ];
            cells.map(str::to_owned).to_vec()
        });
        let table = Table {
            head: head.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        };
        write(&self.root.join(STUDENTS), &table.text()?)?;
        let more = self.lines.len().saturating_sub(TOLD);
        self.lines.truncate(TOLD);
        if more > 0 {
            self.lines.push(format!("{more} more files are not taken"));
        }
        Ok(Collected {
            students: self.students.len(),
            files: self.files.len(),
            lines: self.lines,
        })
    }

    /// Takes in a student, who may have been there before.
    fn enrol(&mut self, id: &str, known: Known) -> bool {
        match student_id(OsStr::new(id)) {
            Ok(_) => {
                let is_late = known.is_late;
                let all = &mut self.students;
                let student = all.entry(id.to_owned()).or_insert(known);
                student.is_late |= is_late;
                let folder = self.root.join(id);
                if let Err(error) = fs::create_dir_all(&folder) {
                    self.note(id, &format!("cannot be made: {error}"));
                }
                true
            }
            Err(why) => {
                self.lines.push(why);
                false
            }
        }
    }

    fn note(&mut self, student: &str, says: &str) {
        self.lines.push(clean(&format!("{student}: {says}")));
    }

    /// What a file in a submission is, by its path there.
    fn role(&self, path: &str) -> Role {
        let parts: Vec<&str> = path.split('/').collect();
        let is_one = |id: &str| self.exercises.iter().any(|it| it == id);
        if let [.., "work", id, "src", "main.rs"] = &parts[..]
            && is_one(id)
        {
            return Role::Source(format!("work/{id}/src/main.rs"), 0);
        }
        let name = parts.last().copied().unwrap_or_default();
        let Some(stem) = name.strip_suffix(".rs") else {
            return match name.to_ascii_lowercase().ends_with(".zip") {
                true => Role::Packed,
                false => Role::Other,
            };
        };
        // Canvas numbers what was handed in again: name-1.rs.
        let (start, version) = match stem.rsplit_once('-') {
            Some((start, digits)) if is_one(start) && !is_one(stem) => {
                (start, digits.parse().unwrap_or(0))
            }
            _ => (stem, 0),
        };
        match &self.only {
            _ if is_one(start) => Role::Source(format!("{start}.rs"), version),
            Some(only) => {
                let number = stem.rsplit_once('-').map(|(_, digits)| digits);
                let number = number.and_then(|it| it.parse().ok());
                Role::Source(format!("{only}.rs"), number.unwrap_or(0))
            }
            None => Role::Other,
        }
    }

    /// Writes a source; the later version stands.
    fn take(
        &mut self,
        student: &str,
        (place, version): (String, u32),
        bytes: &[u8],
    ) -> io::Result<()> {
        let key = (student.to_owned(), place.clone());
        match self.files.get(&key) {
            Some(known) if *known > version => return Ok(()),
            Some(known) if *known == version => {
                let says =
                    format!("several files are {place}: the last stands");
                self.note(student, &says);
            }
            _ => {}
        }
        write(&self.root.join(student).join(&place), bytes)?;
        self.files.insert(key, version);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Collection, Role};
    use std::collections::BTreeMap;

    fn collection(only: Option<&str>) -> Collection {
        let exercises = ["pipes-pingpong", "queues-drain"];
        Collection {
            root: "/nowhere".into(),
            exercises: exercises.map(str::to_owned).to_vec(),
            only: only.map(str::to_owned),
            students: BTreeMap::new(),
            moments: BTreeMap::new(),
            files: BTreeMap::new(),
            lines: Vec::new(),
        }
    }

    fn source(place: &str, version: u32) -> Role {
        Role::Source(place.to_owned(), version)
    }

    #[test]
    fn a_source_is_known_by_its_name_or_its_place_in_the_course() {
        let all = collection(None);
        for (path, role) in [
            ("pipes-pingpong.rs", source("pipes-pingpong.rs", 0)),
            ("a/b/pipes-pingpong.rs", source("pipes-pingpong.rs", 0)),
            ("pipes-pingpong-2.rs", source("pipes-pingpong.rs", 2)),
            (
                "course/work/queues-drain/src/main.rs",
                source("work/queues-drain/src/main.rs", 0),
            ),
            ("course/work/unknown/src/main.rs", Role::Other),
            ("main.rs", Role::Other),
            ("notes.txt", Role::Other),
            ("Work.ZIP", Role::Packed),
        ] {
            assert_eq!(all.role(path), role, "{path}");
        }
    }

    #[test]
    fn where_one_exercise_is_asked_for_any_source_is_that() {
        let one = collection(Some("queues-drain"));
        assert_eq!(one.role("main.rs"), source("queues-drain.rs", 0));
        assert_eq!(one.role("main-3.rs"), source("queues-drain.rs", 3));
        assert_eq!(
            one.role("pipes-pingpong.rs"),
            source("pipes-pingpong.rs", 0)
        );
    }
}
