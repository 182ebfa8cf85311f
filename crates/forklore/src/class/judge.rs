//! `forklore class DIR`: judge what lies there.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use class::{
    Grading, Hold, Job, Key, Known, Manifest, Report, Shard, Store, Submissions,
};
use grader::{Course, Exercise, Kit, Trouble};

use super::bar::Bar;
use super::depends::depends;
use super::publish::Choice;
use super::{COULD_NOT, failed, leave_nothing_when_stopped, new_place, say};
use crate::contain::Contain;

/// So many students without anything to judge are named.
const NAMED: usize = 20;

#[derive(Args, Debug)]
pub(crate) struct Judge {
    /// The folder of the submissions
    #[arg(value_name = "DIR", required = true)]
    submissions: Option<PathBuf>,
    /// Where the results go; else DIR-results
    #[arg(long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// So many graders at a time; else two for each CPU
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Goes on with the results in OUT: what is judged is not judged again
    #[arg(long)]
    resume: bool,
    /// Judges by this folder too: more runs, or more exercises, in
    /// lessons/LESSON/exercises/NAME/
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    /// The K-th of N shares, or `auto`: as Slurm, Kubernetes, HTCondor or
    /// GitHub say in the environment
    #[arg(long, value_name = "K/N", default_value = "1/1")]
    shard: Shard,
    /// Decides, with the student's name, what looks random in the plans
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// A grader that takes longer than so many seconds is ended
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    limit: u64,
    #[command(flatten)]
    contain: Contain,
    /// Options for each grader, as `cargo grade` has them
    #[arg(last = true, value_name = "GRADE OPTIONS")]
    grade: Vec<String>,
}

impl Judge {
    pub(crate) fn run(&self) -> Result<ExitCode, Trouble> {
        // Where no submission can be contained, no grader needs to start.
        self.contain.of_build()?;
        let here = env::current_dir()
            .map_err(|error| failed("find", Path::new("."), &error))?;
        let course = self.course(&here)?;
        let folder = self.submissions.clone().unwrap_or_default();
        let exercises = course.ids()?;
        let exercises = exercises.iter().map(|id| course.exercise(id));
        let exercises = exercises.collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<String> =
            exercises.iter().map(|it| it.id().to_owned()).collect();
        let chosen = self.choice.read(&folder, &ids)?;
        let submissions = Submissions::survey(&folder, &ids)
            .map_err(|error| failed("read", &folder, &error))?;
        chosen.check(&submissions.students)?;
        // A mistake in it is told before hours of work, and not behind.
        let known = class::known(&folder)
            .map_err(|error| failed("read students.csv in", &folder, &error))?;
        let store = Store::at(self.out(&folder)?);
        let mut hold = self.hold(&store)?;
        let manifest = self.manifest(&folder, &submissions, &exercises);
        manifest
            .keep(&store)
            .map_err(|error| failed("write to", store.root(), &error))?;
        let is_all_read = tell_refused(&manifest, &known);
        // Each grader finds it built.
        Kit::of(&course)?;
        let place = place(&mut hold)
            .map_err(|error| failed("work for", store.root(), &error))?;
        let depends = depends(&exercises, &self.options())?;
        let grading =
            self.grading(&course, &submissions, &store, &place, depends);
        leave_nothing_when_stopped(&place, "--resume goes on").map_err(
            |error| failed("listen for signals, in", &place, &error),
        )?;
        let report = judge(&grading, &manifest);
        class::remove(&place);
        let report = report?;
        tell(&report, store.root());
        if report.stopped.is_none() && !self.shard.is_part() {
            chosen.publish(&store, &manifest, Some(&folder))?;
        }
        Ok(code_of(&report, is_all_read))
    }

    fn manifest(
        &self,
        folder: &Path,
        submissions: &Submissions,
        exercises: &[Exercise],
    ) -> Manifest {
        let beside = ["class.toml", class::STUDENTS].map(|it| folder.join(it));
        let has_settings = beside.iter().any(|it| it.exists());
        Manifest::new(submissions, self.shard, of(exercises), has_settings)
    }

    /// For each grader, whose verdict hangs on them.
    fn options(&self) -> Vec<String> {
        let mut options = self.contain.arguments();
        options.extend(self.grade.iter().cloned());
        options
    }

    fn course(&self, here: &Path) -> Result<Course, Trouble> {
        let course = Course::around(here)?;
        match &self.overlay {
            Some(overlay) => course.with_overlay(overlay),
            None => Ok(course),
        }
    }

    /// Where the results go: beside the submissions, if nobody says.
    fn out(&self, folder: &Path) -> Result<PathBuf, Trouble> {
        let out = match &self.out {
            Some(out) => out.clone(),
            None => beside(folder)?,
        };
        if is_below(&out, folder) {
            return Err(Trouble::usage(format!(
                "{} lies in {}: there it would be a student",
                out.display(),
                folder.display()
            )));
        }
        match self.shard.is_part() {
            true => Ok(out.join(self.shard.name())),
            false => Ok(out),
        }
    }

    fn hold(&self, store: &Store) -> Result<Hold, Trouble> {
        let root = store.root();
        let hold =
            store.hold().map_err(|error| failed("write to", root, &error))?;
        if !self.resume && store.has_records() {
            return Err(Trouble::usage(format!(
                "{} holds results: --resume goes on with them, --out OUT \
                 puts others elsewhere",
                root.display()
            )));
        }
        Ok(hold)
    }

    fn grading<'a>(
        &self,
        course: &Course,
        submissions: &'a Submissions,
        store: &'a Store,
        place: &Path,
        depends: BTreeMap<String, Key>,
    ) -> Grading<'a> {
        // The program that runs, whatever lies under its name by now.
        let words = ["/proc/self/exe", "grade", "--of-class"];
        let words = words.iter().map(|it| OsString::from(*it));
        let overlay = self.overlay.iter().flat_map(|it| {
            let whole = std::path::absolute(it).unwrap_or_else(|_| it.clone());
            ["--overlay".into(), whole.into_os_string()]
        });
        let options = self.options().into_iter().map(OsString::from);
        Grading {
            submissions,
            store,
            grader: words.chain(overlay).chain(options).collect(),
            course: course.root().to_owned(),
            place: place.to_owned(),
            depends,
            seed: self.seed,
            jobs: self.jobs.unwrap_or_else(many).max(1),
            limit: Duration::from_secs(self.limit),
            require: self.contain.least(),
        }
    }
}

fn judge(
    grading: &Grading<'_>,
    manifest: &Manifest,
) -> Result<Report, Trouble> {
    let jobs: Vec<Job> = manifest.students.iter().flat_map(jobs).collect();
    let bar = Bar::new(jobs.len());
    let report = grading.run(jobs, |done| bar.count(&done));
    bar.end();
    report.map_err(|error| {
        Trouble::failed(format!("cannot judge side by side: {error}"))
    })
}

fn jobs(student: &class::Student) -> impl Iterator<Item = Job> {
    student.exercises.iter().map(|exercise| Job {
        student: student.id.clone(),
        exercise: exercise.clone(),
        tries: 0,
    })
}

/// While one waits for a program that waits, another one computes.
fn many() -> usize {
    std::thread::available_parallelism().map_or(1, |it| it.get() * 2)
}

/// The most points of each exercise.
fn of(exercises: &[Exercise]) -> BTreeMap<String, u32> {
    let of = |it: &Exercise| {
        let points = it.questions().points;
        (it.id().to_owned(), points.works + points.robust)
    };
    exercises.iter().map(of).collect()
}

/// Whether a folder, which need not be there yet, lies below another one.
fn is_below(folder: &Path, above: &Path) -> bool {
    let whole = |path: &Path| {
        let path = std::path::absolute(path).unwrap_or_default();
        let there = path.ancestors().find(|it| it.exists());
        let there = there.unwrap_or(Path::new("/")).to_owned();
        let rest = path.strip_prefix(&there).unwrap_or(Path::new(""));
        there.canonicalize().unwrap_or(there.clone()).join(rest)
    };
    whole(folder).starts_with(whole(above))
}

fn beside(folder: &Path) -> Result<PathBuf, Trouble> {
    let Some(name) = folder.file_name() else {
        return Err(Trouble::usage(format!(
            "{} has no name to put `-results` behind: give --out",
            folder.display()
        )));
    };
    let mut name = name.to_owned();
    name.push("-results");
    Ok(folder.with_file_name(name))
}

/// A folder for what the graders need for a while. What one that was killed
/// has left is removed.
fn place(hold: &mut Hold) -> io::Result<PathBuf> {
    const START: &str = "forklore-class-";
    let above = env::temp_dir();
    if let Some(before) = hold.place_before() {
        let name = before.file_name().unwrap_or_default().to_string_lossy();
        let is_one = before.parent() == Some(&above)
            && name.starts_with(START)
            && !before.is_symlink();
        if is_one {
            class::remove(&before);
        }
    }
    new_place(START, |place| hold.note_place(place))
}

/// Whether of each student it is known what was handed in.
fn tell_refused(manifest: &Manifest, known: &BTreeMap<String, Known>) -> bool {
    let mut is_all_read = true;
    for student in &manifest.students {
        is_all_read &= student.unread.is_empty();
        let known = known.get(&student.id).filter(|it| !it.unread.is_empty());
        if let Some(Known { unread, .. }) = known {
            is_all_read = false;
            let id = &student.id;
            say(&format!("{id}: no verdict: not collected: {unread}"));
        }
    }
    let of_students = manifest.students.iter().flat_map(|it| &it.refused);
    for line in manifest.refused.iter().chain(of_students) {
        say(line);
    }
    let students = manifest.students.iter();
    let empty = students.filter(|it| it.has_nothing()).map(|it| it.id.as_str());
    let empty: Vec<&str> = empty.collect();
    if !empty.is_empty() {
        // A course one folder deeper looks like that, too.
        say(&format!(
            "neither work/EXERCISE/src/main.rs nor EXERCISE.rs lies in the \
             folders of {}: {}{}",
            empty.len(),
            empty[..empty.len().min(NAMED)].join("; "),
            if empty.len() > NAMED { "; …" } else { "" }
        ));
    }
    is_all_read
}

fn tell(report: &Report, out: &Path) {
    for (job, why) in &report.unsettled {
        let Job { student, exercise, .. } = job;
        say(&format!("{student}: {exercise}: no verdict: {why}"));
    }
    let out = out.display();
    if report.vanished > 0 {
        let count = report.vanished;
        say(&format!(
            "{count} records were gone from {out} and were made once more"
        ));
    }
    if let Some(why) = &report.stopped {
        say(&format!("{why}; with --resume it goes on"));
    }
    anstream::println!(
        "{} submissions have a verdict, {} have none; the records are in {out}",
        report.judged,
        report.unsettled.len()
    );
}

fn code_of(report: &Report, is_all_read: bool) -> ExitCode {
    let is_settled = report.unsettled.is_empty() && report.stopped.is_none();
    match is_settled && is_all_read {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(COULD_NOT),
    }
}
