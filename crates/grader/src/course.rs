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
    /// What the instructor alone has, in folders of the same names.
    overlay: Option<PathBuf>,
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
            .map(|root| Self { root: root.to_owned(), overlay: None })
            .ok_or_else(|| {
                let folder = folder.display();
                Trouble::usage(format!(
                    "{folder} is not in the folder of the course"
                ))
            })
    }

    /// The course with what lies in `folder` over it, in
    /// `lessons/LESSON/exercises/NAME/`: more runs of an exercise, in
    /// `runs.toml`, or an exercise that the course does not have.
    ///
    /// # Errors
    /// If there is nothing of that kind.
    pub fn with_overlay(mut self, folder: &Path) -> Result<Self, Trouble> {
        let shown = folder.display();
        let lessons = folder.join("lessons");
        if !lessons.is_dir() {
            return Err(Trouble::usage(format!(
                "the overlay {shown} has no lessons/LESSON/exercises/NAME"
            )));
        }
        let known = self.lessons()?;
        for lesson in names(&lessons)? {
            if !known.contains(&lesson) {
                let known = known.join(", ");
                return Err(Trouble::usage(format!(
                    "the overlay {shown} has lessons/{lesson}, the course \
                     has {known}"
                )));
            }
        }
        self.overlay = Some(folder.to_owned());
        Ok(self)
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
        let mut ids: Vec<String> = ids.collect();
        ids.dedup();
        Ok(ids)
    }

    /// The exercise of that id.
    ///
    /// # Errors
    /// If there is none, with the nearest names, or its `expect.toml` is
    /// wrong.
    pub fn exercise(&self, id: &str) -> Result<Exercise, Trouble> {
        let places = self.places()?;
        let mut found = places.iter().filter(|(it, _)| it == id);
        if let Some((id, folder)) = found.next() {
            let exercise = Exercise::read(id.clone(), folder.clone())?;
            return match found.next() {
                Some((_, more)) => exercise.with_more(more.clone()),
                None => Ok(exercise),
            };
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
            let mut own = exercises(&self.root, &lesson)?;
            if let Some(overlay) = &self.overlay {
                own.extend(exercises(overlay, &lesson)?);
                // One of the course stands before what lies over it.
                own.sort_by(|(a, _), (b, _)| a.cmp(b));
            }
            places.extend(own);
        }
        Ok(places)
    }
}

/// The exercises of a lesson in one folder, each with its own.
fn exercises(
    root: &Path,
    lesson: &str,
) -> Result<Vec<(String, PathBuf)>, Trouble> {
    let folder = root.join("lessons").join(lesson).join("exercises");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let topic = topic(lesson);
    let place = |name: String| {
        let id = format!("{topic}-{name}");
        (id, folder.join(name))
    };
    Ok(names(&folder)?.into_iter().map(place).collect())
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
