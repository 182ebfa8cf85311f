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
/// So many of whom nothing is taken are named.
const NAMED: usize = 20;

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
    /// By which rank each file was written.
    files: BTreeMap<(String, String), Rank>,
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
    /// A source: where it goes, and what it is among others of that place.
    Source(String, Rank),
    /// A packed folder, and which version it is.
    Packed(u32),
    /// Nothing that is taken.
    Other,
}

/// Which of several files of one place stands: how well its name says that it
/// is the one, then its version.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Rank(Named, u32);

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Named {
    /// Not at all, where one exercise alone is asked for.
    Otherwise,
    /// As cargo names a program.
    Main,
    /// As the exercise, and more.
    Longer,
    /// As the exercise.
    Exactly,
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
        let head = [
            "student",
            "name",
            "system",
            "identifier",
            "late",
            "submitted",
            "unread",
        ];
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
                &known.unread,
            ];
            cells.map(str::to_owned).to_vec()
        });
        let table = Table {
            head: head.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        };
        write(&self.root.join(STUDENTS), &table.text()?)?;
        self.tell_who_has_nothing();
        let more = self.lines.len().saturating_sub(TOLD);
        self.lines.truncate(TOLD);
        if more > 0 {
            self.lines.push(format!("{more} more lines are left out"));
        }
        Ok(Collected {
            students: self.students.len(),
            files: self.files.len(),
            lines: self.lines,
        })
    }

    /// Whoever has handed in, and of whom nothing is taken, is named first:
    /// that would be a zero.
    fn tell_who_has_nothing(&mut self) {
        let has_any = |id: &String| self.files.keys().any(|(it, _)| it == id);
        let all = self.students.keys().filter(|id| !has_any(id));
        let all: Vec<&str> = all.map(String::as_str).collect();
        let Some((first, rest)) = all.split_first() else { return };
        let line = match rest.len() {
            0 => format!("of 1 student nothing is taken: {first}"),
            more => {
                let named = all.iter().take(NAMED).copied();
                let named = named.collect::<Vec<_>>().join("; ");
                let dots = if more >= NAMED { "; …" } else { "" };
                let count = all.len();
                format!("of {count} students nothing is taken: {named}{dots}")
            }
        };
        self.lines.insert(0, clean(&line));
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

    /// What a student has handed in could not be read: that is no zero.
    fn leave_open(&mut self, id: &str, why: &str) {
        if let Some(student) = self.students.get_mut(id) {
            student.unread = clean(why);
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
            let place = format!("work/{id}/src/main.rs");
            return Role::Source(place, Rank(Named::Exactly, 0));
        }
        let name = parts.last().copied().unwrap_or_default();
        let Some(stem) = name.strip_suffix(".rs") else {
            let stem = name.to_ascii_lowercase();
            let stem = stem.strip_suffix(".zip");
            return stem.map_or(Role::Other, |it| Role::Packed(version(it).1));
        };
        let (start, number) = version(stem);
        let begins = stem.rsplit_once('-').map_or("", |(start, _)| start);
        let source = |id: &str, named, number| {
            Role::Source(format!("{id}.rs"), Rank(named, number))
        };
        match &self.only {
            _ if is_one(stem) => source(stem, Named::Exactly, 0),
            _ if is_one(start) => source(start, Named::Exactly, number),
            _ if is_one(begins) => source(begins, Named::Longer, 0),
            Some(only) if start == "main" => source(only, Named::Main, number),
            Some(only) => source(only, Named::Otherwise, number),
            None => Role::Other,
        }
    }

    /// Why a file is not taken, and what helps.
    fn refuse(&mut self, student: &str, path: &str) {
        let ending = path.rsplit('.').next().unwrap_or_default();
        let why = match ending.to_ascii_lowercase().as_str() {
            "rs" => {
                ": no exercise has this name; --exercise EXERCISE takes it as \
                 that one"
            }
            "tar" | "gz" | "tgz" | "xz" | "7z" | "rar" => {
                ": of packed folders, zip alone is read"
            }
            _ => "",
        };
        self.note(student, &format!("{path} is not taken{why}"));
    }

    /// Writes a source; the later version stands.
    fn take(
        &mut self,
        student: &str,
        (place, rank): (String, Rank),
        bytes: &[u8],
    ) -> io::Result<()> {
        let key = (student.to_owned(), place.clone());
        match self.files.get(&key) {
            Some(known) if *known > rank => return Ok(()),
            Some(known) if *known == rank => {
                let says =
                    format!("several files are {place}: the last stands");
                self.note(student, &says);
            }
            _ => {}
        }
        let path = self.root.join(student).join(&place);
        write(&path, bytes).map_err(|error| {
            let says = format!("cannot write {}: {error}", path.display());
            io::Error::new(error.kind(), says)
        })?;
        self.files.insert(key, rank);
        Ok(())
    }
}

/// A name without the number that Canvas (`name-1`) or a browser (`name (1)`)
/// has put behind it, and that number.
fn version(stem: &str) -> (&str, u32) {
    let numbered = match stem.strip_suffix(')') {
        Some(stem) => stem.rsplit_once(" ("),
        None => stem.rsplit_once('-'),
    };
    numbered
        .and_then(|(start, digits)| Some((start, digits.parse().ok()?)))
        .unwrap_or((stem, 0))
}

#[cfg(test)]
mod tests {
    use super::Named::{Exactly, Longer, Main, Otherwise};
    use super::{Collection, Named, Rank, Role};
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

    fn source(place: &str, named: Named, version: u32) -> Role {
        Role::Source(place.to_owned(), Rank(named, version))
    }

    #[test]
    fn a_source_is_known_by_its_name_or_its_place_in_the_course() {
        let all = collection(None);
        let (one, two) = ("pipes-pingpong.rs", "work/queues-drain/src/main.rs");
        for (path, role) in [
            ("pipes-pingpong.rs", source(one, Exactly, 0)),
            ("a/b/pipes-pingpong.rs", source(one, Exactly, 0)),
            ("pipes-pingpong-2.rs", source(one, Exactly, 2)),
            ("pipes-pingpong (3).rs", source(one, Exactly, 3)),
            ("pipes-pingpong-old.rs", source(one, Longer, 0)),
            ("course/work/queues-drain/src/main.rs", source(two, Exactly, 0)),
            ("course/work/unknown/src/main.rs", Role::Other),
            ("main.rs", Role::Other),
            ("notes.txt", Role::Other),
            ("Work.ZIP", Role::Packed(0)),
            ("Work-4.zip", Role::Packed(4)),
        ] {
            assert_eq!(all.role(path), role, "{path}");
        }
    }

    #[test]
    fn where_one_exercise_is_asked_for_any_source_is_that_the_surest_first() {
        let one = collection(Some("queues-drain"));
        let place = "queues-drain.rs";
        assert_eq!(one.role("main.rs"), source(place, Main, 0));
        assert_eq!(one.role("main-3.rs"), source(place, Main, 3));
        assert_eq!(one.role("src/ring.rs"), source(place, Otherwise, 0));
        assert_eq!(
            one.role("pipes-pingpong.rs"),
            source("pipes-pingpong.rs", Exactly, 0)
        );
        assert!(Rank(Exactly, 0) > Rank(Longer, 9));
        assert!(Rank(Longer, 0) > Rank(Main, 9));
        assert!(Rank(Main, 0) > Rank(Otherwise, 9));
    }
}
