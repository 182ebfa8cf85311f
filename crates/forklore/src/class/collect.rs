//! `forklore class collect`: make a folder of submissions.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use class::{Collection, Git, Moment};
use grader::{Course, Trouble};

use super::{failed, leave_nothing_when_stopped, new_place, say};

/// Makes a folder of submissions of a learning system's zip, or of
/// repositories at a deadline.
///
/// FILE is the zip in which Canvas or Moodle has the submissions of an
/// assignment, or a table (CSV) with the columns `student` and `address`, and
/// maybe `branch` and `name`: an address is whatever git clones. Sources are
/// taken by their names (`EXERCISE.rs`, `work/EXERCISE/src/main.rs`), also out
/// of zips that students have packed; everything else is told and left.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo class collect submissions.zip --into week3
  cargo class collect submissions.zip --into week3 --exercise pipes-pingpong
  cargo class collect roster.csv --into week3 --deadline 2027-02-01T23:59:00Z

A commit's date is what its author's machine said, not when it was pushed.

Exit codes: 0 collected, 2 wrong usage, 3 it could not be done.")]
pub(crate) struct Collect {
    /// The zip, or the table of addresses
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder that is made
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// A source that has another name is of this exercise
    #[arg(long, value_name = "EXERCISE")]
    exercise: Option<String>,
    /// Of repositories: the last commit before this moment
    #[arg(long, value_name = "MOMENT", value_parser = Moment::read)]
    deadline: Option<Moment>,
    /// A repository that takes longer than so many seconds is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    limit: u64,
}

impl Collect {
    pub(crate) fn run(&self) -> Result<ExitCode, Trouble> {
        let here = env::current_dir()
            .map_err(|error| failed("find", Path::new("."), &error))?;
        let course = Course::around(&here)?;
        if let Some(exercise) = &self.exercise {
            course.exercise(exercise)?;
        }
        let into = &self.into;
        let only = self.exercise.clone();
        let mut collection = Collection::new(into.clone(), course.ids()?, only)
            .map_err(|error| failed("collect into", into, &error))?;
        let is_zip = self.file.extension();
        let is_zip = is_zip.is_some_and(|it| it.eq_ignore_ascii_case("zip"));
        let collected = match is_zip {
            true => class::from_zip(&mut collection, &self.file),
            false => self.take_repositories(&mut collection),
        };
        collected.map_err(|error| failed("take", &self.file, &error))?;
        let collected = collection
            .finish()
            .map_err(|error| failed("write to", into, &error))?;
        for line in &collected.lines {
            say(line);
        }
        anstream::println!(
            "{}: {} students, {} sources",
            into.display(),
            collected.students,
            collected.files
        );
        Ok(ExitCode::SUCCESS)
    }

    fn take_repositories(
        &self,
        collection: &mut Collection,
    ) -> std::io::Result<()> {
        let place = new_place("forklore-collect-", |_| Ok(()))?;
        let next = "collect once more, into another folder";
        leave_nothing_when_stopped(&place, next)?;
        let git = Git {
            deadline: self.deadline,
            limit: Duration::from_secs(self.limit),
            place: place.clone(),
        };
        let taken = class::from_git(collection, &self.file, &git);
        class::remove(&place);
        taken
    }
}
