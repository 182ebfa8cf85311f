//! What a folder of results was made for: who, which exercises, which share
//! of the class.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use crate::record::Key;
use crate::shard::Shard;
use crate::store::Store;
use crate::submissions::{Student, Submissions, student_id};

/// The version of the manifest's form.
const VERSION: u32 = 1;
/// Its name in a store.
const NAME: &str = "class.json";

/// A folder's manifest.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Manifest {
    version: u32,
    /// The share of the class that is judged here.
    pub shard: Shard,
    /// A hash of the whole class: all students, and their exercises.
    pub class: Key,
    /// How many students the whole class has.
    pub size: usize,
    /// The students of this share.
    pub students: Vec<Student>,
    /// The most points of each exercise.
    pub of: BTreeMap<String, u32>,
    /// What in the class is no student's, a line each.
    pub refused: Vec<String>,
    /// Whether marks hang on files beside the submissions.
    #[serde(default)]
    pub has_settings: bool,
}

impl Manifest {
    /// Of a share of what was handed in.
    pub fn new(
        submissions: &Submissions,
        shard: Shard,
        of: BTreeMap<String, u32>,
        has_settings: bool,
    ) -> Self {
        let all = &submissions.students;
        let words: Vec<String> = all.iter().map(Student::line).collect();
        let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let is_ours = |it: &&Student| shard.has(&it.id);
        Self {
            version: VERSION,
            shard,
            class: Key::of(&words),
            size: all.len(),
            students: all.iter().filter(is_ours).cloned().collect(),
            of,
            refused: submissions.refused.clone(),
            has_settings,
        }
    }

    /// The manifest of a store.
    ///
    /// # Errors
    /// If there is none, or it is of another version.
    pub fn load(store: &Store) -> io::Result<Self> {
        let path = store.root().join(NAME);
        let wrong = |says: String| {
            io::Error::other(format!("{}: {says}", path.display()))
        };
        let bytes = fs::read(&path).map_err(|it| wrong(it.to_string()))?;
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|it| wrong(it.to_string()))?;
        if manifest.version != VERSION {
            let other = manifest.version;
            return Err(wrong(format!("version {other} is not known")));
        }
        // Files are named by them, and the file may come from elsewhere.
        for student in &manifest.students {
            student_id(OsStr::new(&student.id)).map_err(wrong)?;
            let unknown = |it: &&String| !manifest.of.contains_key(*it);
            if let Some(it) = student.exercises.iter().find(unknown) {
                return Err(wrong(format!("'{it}' is none of its exercises")));
            }
        }
        match manifest.of.keys().find(|it| it.contains('/')) {
            Some(it) => Err(wrong(format!("'{it}' is no exercise's name"))),
            None => Ok(manifest),
        }
    }

    /// Keeps it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, store: &Store) -> io::Result<()> {
        store.write(NAME, &serde_json::to_vec(self)?)
    }
}

impl Student {
    fn line(&self) -> String {
        format!("{}\n{}", self.id, self.exercises.join("\n"))
    }
}
