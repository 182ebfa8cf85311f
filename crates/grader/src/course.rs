//! Where the course is, and which exercises it has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::exercise::Exercise;
use crate::nearest::nearest;
use crate::trouble::Trouble;

/// The folder of the course.
#[derive(Clone, Debug)]
pub struct Course {
    root: PathBuf,
}

impl Course {
    /// The course in or above a folder.
    ///
    /// # Errors
    /// If there is none.
    pub fn around(folder: &Path) -> Result<Self, Trouble> {
        folder
            .ancestors()
            .find(|it| it.join("crates/kit/Cargo.toml").is_file())
            .map(|root| Self { root: root.to_owned() })
            .ok_or_else(|| {
                let folder = folder.display();
                Trouble::usage(format!(
                    "{folder} is not in the folder of the course"
                ))
            })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The ids of all exercises, in the order of the lessons.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, Trouble> {
        let ids = self.places()?.into_iter().map(|(id, _)| id);
        Ok(ids.collect())
    }

    /// The exercise of that id.
    ///
    /// # Errors
    /// If there is none, with the nearest names, or its `expect.toml` is
    /// wrong.
    pub fn exercise(&self, id: &str) -> Result<Exercise, Trouble> {
        let places = self.places()?;
        if let Some((id, folder)) = places.iter().find(|(it, _)| it == id) {
            return Exercise::read(id.clone(), folder.clone());
        }
        let ids: Vec<&str> = places.iter().map(|(id, _)| id.as_str()).collect();
        let near = nearest(id, &ids);
        let hint = match near.as_slice() {
            [] => "`cargo learn list` names them all".to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        let id = crate::plain::clean(id);
        Err(Trouble::usage(format!("there is no exercise '{id}'; {hint}")))
    }

    /// The file in which a learner solves that exercise.
    pub fn work(&self, id: &str) -> PathBuf {
        self.root.join("work").join(id).join("src/main.rs")
    }

    /// The lessons, in order.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn lessons(&self) -> Result<Vec<String>, Trouble> {
        let names = names(&self.root.join("lessons"))?;
        Ok(names.into_iter().filter(|it| it.starts_with("lesson-")).collect())
    }

    fn places(&self) -> Result<Vec<(String, PathBuf)>, Trouble> {
        let mut places = Vec::new();
        for lesson in self.lessons()? {
            let folder = self.root.join("lessons").join(&lesson);
            let folder = folder.join("exercises");
            if !folder.is_dir() {
                continue;
            }
            for name in names(&folder)? {
                let topic = topic(&lesson);
                places.push((format!("{topic}-{name}"), folder.join(name)));
            }
        }
        Ok(places)
    }
}

/// `pipes` of `lesson-05-pipes`.
fn topic(lesson: &str) -> &str {
    lesson.splitn(3, '-').nth(2).unwrap_or(lesson)
}

fn names(folder: &Path) -> Result<Vec<String>, Trouble> {
    let read = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            names.push(name.to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    };
    read().map_err(|error| {
        let folder = folder.display();
        Trouble::failed(format!("cannot read {folder}: {error}"))
    })
}
