//! A judgement under way, seen from the session.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use grader::Trouble;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::signalfd::SignalFd;
use nix::unistd::Pid;
use serde_json::Value;

use super::progress::Reached;
use super::signals;
use crate::contain::Contain;

/// Who is asked to end and does not in so many milliseconds is killed.
const GRACE: u16 = 5_000;

/// The line by which a worker says that the mark `works` is certain, before
/// it knows the rest.
pub(crate) const WORKS: &[u8] = b"{\"works\":true}\n";

/// How what is told is to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Columns of the terminal.
    pub(crate) columns: usize,
    pub(crate) is_ascii: bool,
    /// Whether there is a terminal for colours.
    pub(crate) has_colour: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Told(Told),
    /// The file changed meanwhile: there is another save to come.
    Stale,
    /// It could not be judged here, and that is not the program's fault.
    Trouble(String),
}

/// A verdict, ready to be shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// `pass`, `fail`, `build-failed` or `undecided`.
    pub(crate) word: String,
    pub(crate) reached: Option<Reached>,
    /// The rules of all findings, the earliest cause first.
    pub(crate) rules: Vec<String>,
    /// The verdict with its first finding.
    pub(crate) first: String,
    /// The verdict with all of them.
    pub(crate) full: String,
    /// The compiler's.
    pub(crate) warnings: String,
    /// The lanes of the run of the first finding.
    pub(crate) picture: String,
}

/// A judgement under way; ended when it is dropped.
#[derive(Debug)]
pub(crate) struct Judgement {
    worker: Child,
    output: ChildStdout,
    said: Vec<u8>,
    is_over: bool,
    /// Whether somebody has been told that it works.
    has_told: bool,
    /// Whatever it leaves lies here, also if it is killed.
    place: PathBuf,
    program: Vec<u8>,
}

impl Judgement {
    /// Begins to judge a program, whose file holds these bytes.
    ///
    /// # Errors
    /// If no process or no folder can be made for it.
    pub(crate) fn start(
        exercise: &str,
        program: Vec<u8>,
        look: Look,
        contain: Contain,
    ) -> Result<Self, Trouble> {
        let place = place().map_err(|error| cannot(&error))?;
        let started = spawn(exercise, look, contain, &place);
        let (mut worker, output) = started.map_err(|error| {
            remove(&place);
            cannot(&error)
        })?;
        if let Some(mut input) = worker.stdin.take() {
            // Who does not read it says why.
            input.write_all(&program).ok();
        }
        let (said, is_over, has_told) = (Vec::new(), false, false);
        Ok(Self { worker, output, said, is_over, has_told, place, program })
    }

    /// What is judged.
    pub(crate) fn program(&self) -> &[u8] {
        &self.program
    }

    /// What becomes readable when it says something; `None` once it is over.
    pub(crate) fn output(&self) -> Option<BorrowedFd<'_>> {
        (!self.is_over).then(|| self.output.as_fd())
    }

    /// Whether it has said all.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether it has said, since this was asked last, that the program
    /// works, and goes on with what the other mark needs.
    pub(crate) fn works_by_now(&mut self) -> bool {
        let has_said = self.said.starts_with(WORKS) && !self.is_over;
        has_said && !std::mem::replace(&mut self.has_told, true)
    }

    /// Takes in what it says, when there is something to be read.
    pub(crate) fn hear(&mut self) {
        let mut buffer = [0; 1 << 14];
        match self.output.read(&mut buffer) {
            Ok(0) => self.is_over = true,
            Ok(length) => self.said.extend(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.is_over = true,
        }
    }

    /// Waits until it is over; the signal that came before, if one did.
    ///
    /// # Errors
    /// If poll(2) fails.
    pub(crate) fn wait(
        &mut self,
        signals: &SignalFd,
    ) -> io::Result<Option<Signal>> {
        while !self.is_over {
            let mut asked = [signals.as_fd(), self.output.as_fd()]
                .map(|it| PollFd::new(it, PollFlags::POLLIN));
            match poll(&mut asked, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let [is_signal, is_output] = asked.map(|it| it.any() == Some(true));
            if is_signal && let Some(signal) = signals::next(signals) {
                return Ok(Some(signal));
            }
            if is_output {
                self.hear();
            }
        }
        Ok(None)
    }

    /// Its outcome; waits until it is over.
    pub(crate) fn finish(mut self) -> Outcome {
        while !self.is_over {
            self.hear();
        }
        let outcome = self.said.strip_prefix(WORKS).unwrap_or(&self.said);
        match serde_json::from_slice(outcome).ok() {
            Some(said) => outcome_of(&said),
            None => Outcome::Trouble(match self.worker.wait() {
                Ok(status) => format!("the judge ended early: {status}"),
                Err(error) => format!("the judge is lost: {error}"),
            }),
        }
    }

    /// Ends it, with all that it has started.
    fn end(&mut self) {
        let group = Pid::from_raw(self.worker.id() as i32);
        if !self.is_over {
            killpg(group, Signal::SIGTERM).ok();
        }
        while !self.is_over {
            let output = PollFd::new(self.output.as_fd(), PollFlags::POLLIN);
            match poll(&mut [output], PollTimeout::from(GRACE)) {
                Ok(0) => break,
                _ => self.hear(),
            }
        }
        if !self.is_over {
            killpg(group, Signal::SIGKILL).ok();
        }
        self.worker.wait().ok();
        remove(&self.place);
    }
}

impl Drop for Judgement {
    fn drop(&mut self) {
        self.end();
    }
}

fn cannot(error: &io::Error) -> Trouble {
    Trouble::failed(format!("cannot begin to judge: {error}"))
}

fn spawn(
    exercise: &str,
    look: Look,
    contain: Contain,
    place: &Path,
) -> io::Result<(Child, ChildStdout)> {
    let mut command = Command::new("/proc/self/exe");
    command.args(["learn-worker", exercise, "--columns"]);
    command.arg(look.columns.to_string());
    command.args(contain.arguments());
    if look.is_ascii {
        command.arg("--ascii");
    }
    if look.has_colour {
        command.arg("--colour");
    }
    let mut worker = command
        // In a group of its own, Ctrl-C reaches the session alone, which
        // then ends the group.
        .process_group(0)
        .env("TMPDIR", place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = worker.stdout.take().expect("it is piped");
    Ok((worker, output))
}

fn place() -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("forklore-learn-{}-{number}", std::process::id());
        let place = env::temp_dir().join(name);
        match fs::create_dir(&place) {
            Err(it) if it.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| place),
        }
    }
}

/// Removes a folder, also one from which a program has taken permissions.
fn remove(folder: &Path) {
    if fs::remove_dir_all(folder).is_ok() {
        return;
    }
    open_up(folder);
    fs::remove_dir_all(folder).ok();
}

fn open_up(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).ok();
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            open_up(&entry.path());
        }
    }
}

fn outcome_of(said: &Value) -> Outcome {
    if let Some(trouble) = said["trouble"].as_str() {
        return Outcome::Trouble(trouble.to_owned());
    }
    if said["stale"] == true {
        return Outcome::Stale;
    }
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    let rules = said["rules"].as_array().into_iter().flatten();
    Outcome::Told(Told {
        word: text("word"),
        reached: Reached::of_word(&text("reached")),
        rules: rules.filter_map(|it| Some(it.as_str()?.to_owned())).collect(),
        first: text("first"),
        full: text("full"),
        warnings: text("warnings"),
        picture: text("picture"),
    })
}
