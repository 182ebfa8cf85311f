//! `work/`: the learner's own programs, one package an exercise.
//!
//! What is there is never written over: it is the learner's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use grader::{Course, Exercise, Trouble};

use super::progress::{Progress, write_whole};
use super::{failed, manifest, shown};

const SHARED: &str = "\
# What is built here is shared with the course.
[build]
target-dir = \"../target\"

";

const EDITOR: &str = "\
{
  \"rust-analyzer.linkedProjects\": [\"Cargo.toml\", \"work/Cargo.toml\"]
}
";

/// The learner's folder.
#[derive(Debug)]
pub(crate) struct Work {
    course: Course,
    folder: PathBuf,
}

impl Work {
    pub(crate) fn of(course: &Course) -> Self {
        let folder = course.root().join("work");
        Self { course: course.clone(), folder }
    }

    /// The folder of an exercise's package.
    pub(crate) fn package(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Makes what is missing for an exercise; notes for the learner.
    ///
    /// # Errors
    /// If something cannot be made, a manifest is broken, or the program that
    /// was there is gone.
    pub(crate) fn prepare(
        &self,
        exercise: &Exercise,
    ) -> Result<Vec<String>, Trouble> {
        self.prepare_workspace()?;
        let package = self.package(exercise.id());
        if !package.exists() {
            self.make(exercise)?;
        }
        let own = package.join("Cargo.toml");
        if !own.exists() {
            write(&own, &manifest::of_package(exercise.id()))?;
        }
        manifest::check(&own, "package")?;
        let readme = package.join("README.md");
        if !readme.exists() {
            write(&readme, &exercise.readme()?)?;
        }
        let source = self.course.work(exercise.id());
        if !source.exists() {
            return Err(Trouble::failed(format!(
                "{} is gone; bring it back, or `cargo learn reset {}` puts \
                 the starter there",
                shown(&source),
                exercise.id()
            )));
        }
        Ok(self.prepare_editor())
    }

    fn prepare_workspace(&self) -> Result<(), Trouble> {
        make_folder(&self.folder)?;
        let own = self.folder.join("Cargo.toml");
        if !own.exists() {
            let lock = self.course.root().join("Cargo.lock");
            let to = self.folder.join("Cargo.lock");
            // The same versions, as far as they are needed.
            if !to.exists()
                && let Ok(text) = fs::read_to_string(lock)
            {
                write(&to, &text)?;
            }
            write(&own, &manifest::of_workspace(&self.course)?)?;
        }
        manifest::check(&own, "workspace")?;
        let config = self.folder.join(".cargo/config.toml");
        if !config.exists() {
            make_folder(&self.folder.join(".cargo"))?;
            write(&config, &(SHARED.to_owned() + &aliases("..")))?;
        }
        let ignored = self.folder.join(".gitignore");
        if !ignored.exists() {
            write(&ignored, "/target\n")?;
        }
        Ok(())
    }

    /// Makes the folder of an exercise: all of it, or nothing.
    fn make(&self, exercise: &Exercise) -> Result<(), Trouble> {
        let draft = self.folder.join(format!(".making.{}", std::process::id()));
        let package = self.package(exercise.id());
        let fill = || -> io::Result<()> {
            fs::create_dir_all(draft.join("src"))?;
            fs::copy(exercise.starter(), draft.join("src/main.rs"))?;
            let readme = exercise.folder().join("README.md");
            fs::copy(readme, draft.join("README.md"))?;
            let own = manifest::of_package(exercise.id());
            fs::write(draft.join("Cargo.toml"), own)?;
            fs::create_dir(draft.join(".cargo"))?;
            fs::write(draft.join(".cargo/config.toml"), aliases("../.."))?;
            fs::rename(&draft, &package)
        };
        fill().map_err(|error| {
            fs::remove_dir_all(&draft).ok();
            failed("make", &package, &error)
        })
    }

    /// Editors that look at one workspace only are told of both. What
    /// somebody has set already stays.
    fn prepare_editor(&self) -> Vec<String> {
        let folder = self.course.root().join(".vscode");
        let settings = folder.join("settings.json");
        match fs::read_to_string(&settings) {
            Ok(text) if text.contains("work/Cargo.toml") => Vec::new(),
            Ok(_) => vec![format!(
                "{} does not name work/Cargo.toml in \
                 rust-analyzer.linkedProjects: there the editor does not help",
                shown(&settings)
            )],
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = fs::create_dir_all(&folder)
                    .and_then(|()| write_whole(&settings, EDITOR));
                // The course's own folder may be read-only.
                let note = |error| format!("no editor settings: {error}");
                made.err().map(note).into_iter().collect()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Puts the starter in the place of the learner's program, which is kept,
    /// and so is what it has reached; what has been done, in one line.
    ///
    /// # Errors
    /// If one of the two cannot be written; then nothing is changed.
    pub(crate) fn reset(&self, exercise: &Exercise) -> Result<String, Trouble> {
        let id = exercise.id();
        let reached = Progress::read(&self.course)?.of(id);
        let source = self.course.work(id);
        let starter = fs::read(exercise.starter())
            .map_err(|error| failed("read", &exercise.starter(), &error))?;
        let shown = shown(&source);
        let said = match fs::read(&source) {
            Ok(own) if own == starter => format!("{shown} is the starter"),
            Ok(own) => {
                let kept = self.keep(id, &own)?;
                replace(&source, &starter)?;
                let kept = super::shown(&kept);
                format!("{shown} is the starter again; yours is {kept}")
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.package(id).exists() {
                    make_folder(&self.package(id).join("src"))?;
                    replace(&source, &starter)?;
                } else {
                    self.prepare(exercise)?;
                }
                format!("{shown} is the starter")
            }
            Err(error) => return Err(failed("read", &source, &error)),
        };
        let kept = match reached {
            Some(reached) => {
                format!("; what you have reached stays: {}", reached.word())
            }
            None => String::new(),
        };
        Ok(format!("{said}{kept}\n"))
    }

    /// Keeps a program under a name that is free.
    fn keep(&self, id: &str, program: &[u8]) -> Result<PathBuf, Trouble> {
        let name = |number| format!("before-reset-{number}.rs");
        let path = (1..)
            .map(|number: u32| self.package(id).join(name(number)))
            .find(|path| !path.exists())
            .unwrap_or_default();
        fs::write(&path, program).map_err(|error| {
            fs::remove_file(&path).ok();
            failed("write", &path, &error)
        })?;
        Ok(path)
    }
}

/// The course's commands, for a folder from which it lies there.
fn aliases(course: &str) -> String {
    let mut text =
        "# In this folder, too, these are the course's commands.\n[alias]\n"
            .to_owned();
    for (name, run) in [
        ("learn", "run"),
        ("grade", "run -q"),
        ("see", "run -q"),
        ("why", "run -q"),
    ] {
        let course = format!("--manifest-path {course}/Cargo.toml -p forklore");
        text.push_str(&format!("{name} = \"{run} {course} -- {name}\"\n"));
    }
    text
}

fn replace(path: &Path, with: &[u8]) -> Result<(), Trouble> {
    let text = String::from_utf8_lossy(with);
    write_whole(path, &text).map_err(|error| failed("write", path, &error))
}

fn make_folder(path: &Path) -> Result<(), Trouble> {
    fs::create_dir_all(path).map_err(|error| failed("make", path, &error))
}

fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    write_whole(path, text).map_err(|error| failed("write", path, &error))
}
