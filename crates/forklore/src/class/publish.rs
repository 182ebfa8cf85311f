//! What is read of a class: tables and pages.

use std::path::{Path, PathBuf};

use clap::Args;
use class::{Manifest, Settings, Store, Table};
use grader::Trouble;

use super::{failed, say};

/// Where the settings of a class are.
#[derive(Args, Debug)]
pub(crate) struct Choice {
    /// Weights, deadlines, overrides; else DIR/class.toml, if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The settings, and what they name.
#[derive(Debug)]
pub(crate) struct Chosen {
    settings: Settings,
    roster: Option<Table>,
}

impl Choice {
    /// Reads the settings, if there are any.
    pub(crate) fn read(
        &self,
        submissions: &Path,
        exercises: &[String],
    ) -> Result<Chosen, Trouble> {
        let beside = submissions.join("class.toml");
        let settings = match &self.config {
            Some(config) => Settings::read(config, exercises)?,
            // A link that leads nowhere is a mistake, and not no settings.
            None if beside.symlink_metadata().is_ok() => {
                Settings::read(&beside, exercises)?
            }
            None => Settings::default(),
        };
        let roster = match &settings.roster {
            Some(path) => Some(roster(path)?),
            None => None,
        };
        Ok(Chosen { settings, roster })
    }
}

fn roster(path: &Path) -> Result<Table, Trouble> {
    let table =
        Table::read(path).map_err(|error| failed("read", path, &error))?;
    match table.system() {
        Some(_) => Ok(table),
        None => Err(Trouble::usage(format!(
            "{} is neither a Canvas gradebook (Student, ID, …, Section) nor a \
             Moodle grading worksheet (Identifier, Grade, Last modified \
             (grade)); export it in English",
            path.display()
        ))),
    }
}

impl Chosen {
    /// Refuses an override for somebody who is not there.
    pub(crate) fn check(
        &self,
        students: &[class::Student],
    ) -> Result<(), Trouble> {
        for decided in &self.settings.overrides {
            let id = decided.student.get_ref();
            if !students.iter().any(|it| it.id == *id) {
                return Err(Trouble::usage(format!(
                    "class.toml has an override for '{}', of whom there is no \
                     folder",
                    grader::clean(id)
                )));
            }
        }
        Ok(())
    }

    /// Writes tables and pages.
    pub(crate) fn publish(
        self,
        store: &Store,
        manifest: &Manifest,
        submissions: Option<&Path>,
    ) -> Result<(), Trouble> {
        let known = match submissions {
            Some(folder) => class::known(folder).map_err(|error| {
                failed("read students.csv in", folder, &error)
            })?,
            None => Default::default(),
        };
        let Self { settings, roster } = self;
        let out = store.root();
        let published =
            class::publish(store, manifest, &settings, roster, &known)
                .map_err(|error| {
                    failed("write tables and pages to", out, &error)
                })?;
        for note in &published.notes {
            say(note);
        }
        let files = ["grades.csv"].into_iter().chain(published.files);
        let files: Vec<&str> = files.chain(["pages/class.html"]).collect();
        anstream::println!("{}: {}", out.display(), files.join(", "));
        Ok(())
    }
}
