//! From the shares of a class to the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use crate::manifest::Manifest;
use crate::shard::Shard;
use crate::store::Store;
use crate::submissions::Student;

/// More of one kind of mistake is counted, and not told one by one.
const TOLD: usize = 20;

/// The shares in a folder of results.
///
/// # Errors
/// If the folder, or a manifest in it, cannot be read.
pub fn shares(store: &Store) -> io::Result<Vec<Store>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(store.root())? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("shard-") {
            found.push(Store::at(entry.path()));
        }
    }
    found.sort_by(|a, b| a.root().cmp(b.root()));
    Ok(found)
}

/// Brings the records of all shares into one folder.
///
/// # Errors
/// What is missing or doubled, a line each; then nothing is merged.
pub fn merge(shares: &[Store], into: &Store) -> Result<Manifest, Vec<String>> {
    let mut wrong = Wrong::default();
    let mut all = Vec::new();
    for share in shares {
        match Manifest::load(share) {
            Ok(manifest) => all.push((share, manifest)),
            Err(error) => wrong.says.push(format!("no share: {error}")),
        }
    }
    let Some((_, first)) = all.first() else {
        wrong.says.push("there is no share to merge".to_owned());
        return Err(wrong.says);
    };
    wrong.compare(&all);
    let students = wrong.students(&all);
    if students.len() != first.size {
        wrong.says.push(format!(
            "the shares have {} students, the class has {}",
            students.len(),
            first.size
        ));
    }
    wrong.or(())?;
    let mut whole = first.clone();
    whole.students = students;
    whole.shard = Shard::WHOLE;
    bring(&all, into)
        .and_then(|()| whole.keep(into))
        .map_err(|error| vec![format!("cannot merge: {error}")])?;
    Ok(whole)
}

#[derive(Default)]
struct Wrong {
    says: Vec<String>,
    missing: Vec<String>,
    doubled: Vec<String>,
}

impl Wrong {
    /// Whether they are the shares of one class, each once.
    fn compare(&mut self, all: &[(&Store, Manifest)]) {
        let Some((_, first)) = all.first() else { return };
        let n = first.shard.n;
        let mut there = BTreeSet::new();
        for (share, manifest) in all {
            let root = share.root().display();
            if manifest.class != first.class || manifest.shard.n != n {
                self.says.push(format!(
                    "{root} is of another class, or of one with other \
                     submissions, or in other shares"
                ));
            }
            if !there.insert(manifest.shard.k) {
                let shard = manifest.shard;
                self.says.push(format!("the share {shard} is there twice"));
            }
        }
        let missing: Vec<String> = (1..=n)
            .filter(|k| !there.contains(k))
            .map(|k| Shard { k, n }.to_string())
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            self.says.push(format!("these shares are missing: {missing}"));
        }
    }

    /// All students, and whoever is there twice or has no record.
    fn students(&mut self, all: &[(&Store, Manifest)]) -> Vec<Student> {
        let mut students: BTreeMap<&str, &Student> = BTreeMap::new();
        for (share, manifest) in all {
            let root = share.root().display();
            for student in &manifest.students {
                let id = &student.id;
                if students.insert(id, student).is_some() {
                    self.doubled.push(format!("{id}, in {root}"));
                }
                for exercise in &student.exercises {
                    if share.load(id, exercise).is_none() {
                        let it = format!("{id}, {exercise}, in {root}");
                        self.missing.push(it);
                    }
                }
            }
        }
        students.into_values().cloned().collect()
    }

    fn or<T>(mut self, value: T) -> Result<T, Vec<String>> {
        for (what, list) in
            [("no record of", &self.missing), ("there twice:", &self.doubled)]
        {
            let told = list.iter().take(TOLD);
            self.says.extend(told.map(|it| format!("{what} {it}")));
            if list.len() > TOLD {
                let more = list.len() - TOLD;
                self.says.push(format!("{what} {more} more"));
            }
        }
        match self.says.is_empty() {
            true => Ok(value),
            false => Err(self.says),
        }
    }
}

fn bring(all: &[(&Store, Manifest)], into: &Store) -> io::Result<()> {
    for (share, manifest) in all {
        for student in &manifest.students {
            for exercise in &student.exercises {
                let id = &student.id;
                if let Some(record) = share.load(id, exercise) {
                    into.keep(&record)?;
                }
                match fs::read(share.picture(id, exercise)) {
                    Ok(svg) => {
                        crate::store::write(&into.picture(id, exercise), &svg)?;
                    }
                    Err(_) => {
                        fs::remove_file(into.picture(id, exercise)).ok();
                    }
                }
            }
        }
    }
    Ok(())
}
