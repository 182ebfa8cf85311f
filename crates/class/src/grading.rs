//! A class under judgement: several graders side by side.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};
use std::time::Duration;

use grader::{Containment, Word, clean};

use crate::ask::{Answer, ask};
use crate::record::{Key, Outcome, Record, VERSION, Verdict, seed_of};
use crate::store::Store;
use crate::submissions::Submissions;

/// A picture that is larger helps nobody.
const PICTURE: u64 = 8 << 20;
/// As much of what a grader complains of is told.
const COMPLAINT: usize = 600;
/// How often a submission without a verdict is judged.
const TRIES: u32 = 2;

/// How a class is judged.
#[derive(Debug)]
pub struct Grading<'a> {
    /// What was handed in.
    pub submissions: &'a Submissions,
    /// Where the results go.
    pub store: &'a Store,
    /// The program that judges, with whatever stands before the exercise.
    pub grader: Vec<OsString>,
    /// The folder of the course.
    pub course: PathBuf,
    /// A folder for what a grader needs for a while.
    pub place: PathBuf,
    /// What a verdict on each exercise depends on, beside the source.
    pub depends: BTreeMap<String, Key>,
    /// The seed of the class; each student has another one by it.
    pub seed: u64,
    /// So many graders at one time.
    pub jobs: usize,
    /// One that takes longer is ended.
    pub limit: Duration,
    /// A verdict of less containment does not count.
    pub require: Containment,
}

/// One submission to be judged.
#[derive(Clone, Debug)]
pub struct Job {
    /// Whose it is.
    pub student: String,
    /// Of which exercise.
    pub exercise: String,
    /// How often it has been judged.
    pub tries: u32,
}

/// A submission that has a record now.
#[derive(Clone, Debug)]
pub struct Done {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether the record was there before.
    pub is_old: bool,
}

/// What became of a class.
#[derive(Debug, Default)]
pub struct Report {
    /// So many submissions have a verdict that counts.
    pub judged: usize,
    /// Those without: whose, which exercise, and why.
    pub unsettled: Vec<(Job, String)>,
    /// Why it was ended before the last one.
    pub stopped: Option<String>,
    /// So many had no record any more at the end, and were judged once more.
    pub vanished: usize,
}

/// What a thread has to tell.
enum News {
    Settled(bool),
    Unsettled(Job, Outcome, String),
    /// The results cannot be kept; nobody needs to judge on.
    Full(String),
}

impl Grading<'_> {
    /// Judges all of them; one without a verdict once more at the end.
    ///
    /// # Errors
    /// If no thread can be made. Whatever a submission does, or a grader, is
    /// told in the report.
    pub fn run(
        &self,
        jobs: Vec<Job>,
        mut tell: impl FnMut(Done),
    ) -> io::Result<Report> {
        let mut report = Report::default();
        let all = jobs.clone();
        let mut round = jobs;
        while !round.is_empty() && report.stopped.is_none() {
            report.unsettled.clear();
            self.round(round, &mut report, &mut tell)?;
            round = report.unsettled.iter().map(|it| it.0.clone()).collect();
            round.retain(|job| job.tries < TRIES);
        }
        let is_gone = |job: &Job| {
            self.store.load(&job.student, &job.exercise).is_none()
                && !report.unsettled.iter().any(|(it, _)| it.is(job))
        };
        let gone: Vec<Job> = all.into_iter().filter(is_gone).collect();
        if report.stopped.is_none() && !gone.is_empty() {
            report.vanished = gone.len();
            report.judged -= gone.len();
            self.round(gone, &mut report, &mut |_| {})?;
        }
        report.unsettled.sort_by(|(a, _), (b, _)| {
            (&a.student, &a.exercise).cmp(&(&b.student, &b.exercise))
        });
        Ok(report)
    }

    fn round(
        &self,
        jobs: Vec<Job>,
        report: &mut Report,
        tell: &mut dyn FnMut(Done),
    ) -> io::Result<()> {
        let threads = self.jobs.clamp(1, jobs.len().max(1));
        let queue = Mutex::new(VecDeque::from(jobs));
        let is_over = AtomicBool::new(false);
        let (news, heard) = channel();
        scope(|scope| {
            for slot in 0..threads {
                let (queue, is_over, news) = (&queue, &is_over, news.clone());
                let work = move || self.work(slot, queue, is_over, &news);
                Builder::new().spawn_scoped(scope, work)?;
            }
            drop(news);
            for news in heard {
                match news {
                    News::Settled(is_old) => {
                        report.judged += 1;
                        tell(Done { outcome: Outcome::Judged, is_old });
                    }
                    News::Unsettled(job, outcome, why) => {
                        if job.tries >= TRIES {
                            tell(Done { outcome, is_old: false });
                        }
                        report.unsettled.push((job, why));
                    }
                    News::Full(why) => {
                        report.stopped.get_or_insert(why);
                    }
                }
            }
            Ok(())
        })
    }

    fn work(
        &self,
        slot: usize,
        queue: &Mutex<VecDeque<Job>>,
        is_over: &AtomicBool,
        news: &Sender<News>,
    ) {
        while !is_over.load(Relaxed) {
            let mut jobs = queue.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(job) = jobs.pop_front() else { return };
            drop(jobs);
            let said = self.settle(job, slot);
            if matches!(said, News::Full(_)) {
                is_over.store(true, Relaxed);
            }
            if news.send(said).is_err() {
                return;
            }
        }
    }

    /// Judges one, if it has no verdict yet, and keeps the record.
    fn settle(&self, mut job: Job, slot: usize) -> News {
        job.tries += 1;
        let bytes = match self.submissions.source(&job.student, &job.exercise) {
            Ok(bytes) => bytes,
            Err(why) => {
                return News::Unsettled(job, Outcome::Infrastructure, why);
            }
        };
        let mut record = self.blank(&job, &bytes);
        if let Some(old) = self.store.load(&job.student, &job.exercise) {
            if old.key != record.key {
                self.store.forget(&job.student, &job.exercise);
            } else if old.outcome == Outcome::Judged {
                return News::Settled(true);
            }
        }
        let place = self.place.join(slot.to_string());
        let judged = self.judge(&mut record, &bytes, &place);
        remove(&place);
        if let Err(error) = judged {
            record.says = Some(format!("cannot judge: {error}"));
        }
        if let Err(error) = self.store.keep(&record) {
            let root = self.store.root().display();
            let why = format!("cannot write a record to {root}: {error}");
            return match error.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::ReadOnlyFilesystem => News::Full(why),
                _ => News::Unsettled(job, Outcome::Infrastructure, why),
            };
        }
        match record.says {
            None => News::Settled(false),
            Some(why) => News::Unsettled(job, record.outcome, why),
        }
    }

    /// A record without a verdict.
    fn blank(&self, job: &Job, bytes: &[u8]) -> Record {
        let seed = seed_of(self.seed, &job.student);
        let source = Key::of(&[bytes]);
        let depends = self.depends.get(&job.exercise);
        let depends = depends.map(ToString::to_string).unwrap_or_default();
        let key = Key::of(&[
            b"class 1",
            depends.as_bytes(),
            job.exercise.as_bytes(),
            job.student.as_bytes(),
            &seed.to_le_bytes(),
            source.to_string().as_bytes(),
        ]);
        Record {
            version: VERSION,
            student: job.student.clone(),
            exercise: job.exercise.clone(),
            key,
            source,
            seed,
            outcome: Outcome::Infrastructure,
            tries: job.tries,
            says: None,
            verdict: None,
        }
    }

    fn judge(
        &self,
        record: &mut Record,
        bytes: &[u8],
        place: &Path,
    ) -> io::Result<()> {
        remove(place);
        // Not with the folders above: once they are gone, somebody stops us.
        fs::create_dir(place)?;
        fs::create_dir(place.join("tmp"))?;
        let source = place.join(format!("{}.rs", record.exercise));
        let picture = place.join("picture.svg");
        fs::write(&source, bytes)?;
        let [program, words @ ..] = &self.grader[..] else {
            return Err(io::Error::other("no grader is named"));
        };
        let mut command = Command::new(program);
        command
            .args(words)
            .arg(&record.exercise)
            .arg("--source")
            .arg(&source)
            .arg("--svg")
            .arg(&picture)
            .args(["--format", "json", "--seed", &record.seed.to_string()])
            .current_dir(&self.course)
            .env("TMPDIR", place.join("tmp"));
        let answer = ask(&mut command, self.limit)?;
        self.take(record, &answer);
        if let Some(verdict) = &mut record.verdict {
            shorten(verdict, &source, &record.exercise);
        }
        self.take_picture(record, &picture)
    }

    /// What a grader said, as a record.
    fn take(&self, record: &mut Record, answer: &Answer) {
        let verdict: Option<Verdict> =
            serde_json::from_slice(&answer.stdout).ok();
        let Some(verdict) = verdict.filter(|_| !answer.is_cut) else {
            record.says = Some(complaint(answer, self.limit));
            return;
        };
        // Where there is no program, nothing had to be contained.
        let has_level = rank(verdict.contained) >= rank(self.require)
            || verdict.verdict == Word::BuildFailed;
        (record.outcome, record.says) = match verdict.verdict {
            _ if !has_level => (
                Outcome::Infrastructure,
                Some("it was contained less than is required".to_owned()),
            ),
            Word::Undecided => (Outcome::Undecided, Some(undecided(&verdict))),
            _ => (Outcome::Judged, None),
        };
        record.verdict = Some(verdict);
    }

    fn take_picture(&self, record: &Record, file: &Path) -> io::Result<()> {
        let kept = self.store.picture(&record.student, &record.exercise);
        let is_small =
            file.metadata().is_ok_and(|it| it.is_file() && it.len() < PICTURE);
        if !is_small {
            fs::remove_file(&kept).ok();
            return Ok(());
        }
        crate::store::write(&kept, &fs::read(file)?)
    }
}

impl Job {
    fn is(&self, other: &Self) -> bool {
        self.student == other.student && self.exercise == other.exercise
    }
}

fn rank(level: Containment) -> u8 {
    match level {
        Containment::None => 0,
        Containment::Partial => 1,
        Containment::Full => 2,
    }
}

/// What could not be judged, in one line.
fn undecided(verdict: &Verdict) -> String {
    let first = verdict.rest.get("not_run").and_then(|it| it.get(0));
    let why = first.and_then(|it| it["why"].as_str());
    clean(why.unwrap_or("the grader could not decide"))
}

/// Why there is no verdict, in one line.
fn complaint(answer: &Answer, limit: Duration) -> String {
    if answer.is_cut {
        let limit = limit.as_secs();
        return format!("the grader was ended after {limit} s");
    }
    let text = String::from_utf8_lossy(&answer.stderr);
    let lines = || text.trim_end().lines().rev();
    // Behind what is wrong with an option stands how to be helped.
    let last = lines()
        .find_map(|it| it.strip_prefix("forklore grade: "))
        .or_else(|| lines().find(|it| it.starts_with("error: ")))
        .or_else(|| lines().next())
        .unwrap_or_default();
    match last {
        "" => format!("the grader ended early: {}", answer.status),
        _ => clean(last).chars().take(COMPLAINT).collect(),
    }
}

/// The compiler names the file by where it lay for a while.
fn shorten(verdict: &mut Verdict, source: &Path, exercise: &str) {
    if let Some(said) = &mut verdict.compiler {
        let long = source.display().to_string();
        *said = said.replace(&long, &format!("{exercise}.rs"));
    }
}

/// Removes a folder, also one from which a program has taken permissions.
pub fn remove(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
        return;
    }
    let mut below = vec![folder.to_owned()];
    while let Some(folder) = below.pop() {
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&folder, mode).ok();
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let entries = entries.filter_map(Result::ok);
        let is_folder =
            |it: &fs::DirEntry| it.file_type().is_ok_and(|kind| kind.is_dir());
        below.extend(entries.filter(is_folder).map(|it| it.path()));
    }
    fs::remove_dir_all(folder).ok();
}
