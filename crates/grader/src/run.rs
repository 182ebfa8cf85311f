//! One run of a program, from its start to the last word of its trace.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use observer::{
    Ceilings, Confined, Observation, Observed, Plan, Request, Surroundings,
    observe_in,
};
use sandbox::Confinement;
use trace::{Event, Level, Reader};

use crate::dialogue::Dialogue;
use crate::helpers::Helpers;
use crate::place::{Place, Program, excess};
use crate::questions::{Limits, RunQuestion};
use crate::record::{Cut, Record};
use crate::selector::Streams;
use crate::starved::{Clock, has_starved};
use crate::stillness::{Stillness, Verdict};
use crate::verdict::Containment;

/// How often a run that says nothing is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// More events are not read: the run is ended.
const EVENTS: usize = 400_000;
/// More bytes of them neither: a path has thousands, and each may become six.
const TRACE: u64 = 64 << 20;
/// How long the streams of an ended run may take to end.
const GRACE: Duration = Duration::from_secs(5);
/// What a shell gives.
const DESCRIPTORS: u64 = 1024;
/// How often the run's folder is weighed.
const WEIGH: Duration = Duration::from_millis(200);

/// What is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) program: &'a Path,
    pub(crate) question: &'a RunQuestion,
    pub(crate) limits: Limits,
    /// The helpers' programs.
    pub(crate) programs: &'a [Program],
    pub(crate) contained: Containment,
    pub(crate) plan: Option<Plan>,
    /// Whether it is left to itself when nothing moves: an alarm may end
    /// that, of which the kernel tells nobody.
    pub(crate) is_patient: bool,
    /// Whether states that are awaited are not awaited for long.
    pub(crate) is_quick: bool,
    /// Whether a panic shows its frames. That takes time, and opens files.
    pub(crate) has_frames: bool,
    /// Whether it gets more time where the machine has had none for it.
    pub(crate) may_be_late: bool,
}

/// What comes from a run.
enum Heard {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    /// One of the two has ended.
    Silence,
    Trace(Traced),
}

/// Runs the program.
///
/// # Errors
/// If the run's place cannot be made, or no keeper be started: nothing that
/// the program did.
pub(crate) fn run(setting: &Setting<'_>) -> io::Result<Record> {
    let place = Place::new(setting.question, setting.programs)?;
    let helpers = Helpers::start(setting.question, &place)?;
    let clock = Clock::start();
    let mut run = Run::start(setting, &place, &helpers)?;
    if setting.question.steps.is_empty() {
        run.feed(setting.question)?;
    }
    run.attend(setting)?;
    let mut record = run.finish()?;
    record.is_starved = clock.is_starved() || has_starved(&record.events);
    record.look_behind(setting.question, &place);
    Ok(record)
}

struct Run {
    observation: Observation,
    heard: Receiver<Heard>,
    stdin: Option<PipeWriter>,
    stillness: Stillness,
    record: Record,
    limits: Limits,
    open: usize,
    has_trace: bool,
    weighed: Instant,
}

impl Run {
    fn start(
        setting: &Setting<'_>,
        place: &Place,
        helpers: &Helpers,
    ) -> io::Result<Self> {
        let (stdin, to_stdin) = pipe()?;
        let (from_stdout, stdout) = pipe()?;
        let (from_stderr, stderr) = pipe()?;
        let streams = Streams {
            stdin: object(&stdin),
            stdout: object(&stdout),
            stderr: object(&stderr),
        };
        let surroundings = Surroundings {
            stdin: Stdio::from(stdin),
            stdout: Stdio::from(stdout),
            stderr: Stdio::from(stderr),
            folder: place.folder(),
        };
        let mut observation =
            observe_in(&request(setting, place, helpers), surroundings)?;
        let trace = observation.trace().expect("it was just started");
        let (tell, heard) = channel();
        listen(from_stdout, &tell, Heard::Stdout)?;
        listen(from_stderr, &tell, Heard::Stderr)?;
        let read = move || {
            tell.send(Heard::Trace(read_trace(trace))).ok();
        };
        Builder::new().spawn(read)?;
        let stillness =
            Stillness::new(observation.keeper(), setting.is_patient);
        let mut record = Record::new(streams, place);
        record.helpers = helpers.said().to_vec();
        record.limits = setting.limits;
        Ok(Self {
            observation,
            heard,
            stdin: Some(to_stdin),
            stillness,
            record,
            limits: setting.limits,
            open: 2,
            has_trace: false,
            weighed: Instant::now(),
        })
    }

    /// Gives the standard input, and ends it.
    fn feed(&mut self, question: &RunQuestion) -> io::Result<()> {
        let Some(mut stdin) = self.stdin.take() else { return Ok(()) };
        let Some(content) = &question.stdin else { return Ok(()) };
        let bytes = content.bytes().into_owned();
        // Who does not read it all ends without it.
        let write = move || stdin.write_all(&bytes).unwrap_or_default();
        Builder::new().spawn(write).map(drop)
    }

    /// Listens, speaks and looks until the run is over.
    fn attend(&mut self, setting: &Setting<'_>) -> io::Result<()> {
        let steps = &setting.question.steps;
        let mut dialogue = Dialogue::new(steps, setting.is_quick);
        while !self.has_trace {
            match self.heard.recv_timeout(LOOK) {
                Ok(heard) => self.hear(heard),
                Err(RecvTimeoutError::Timeout) => self.look(&dialogue),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.weigh_files();
            if !dialogue.is_over() && self.record.cut.is_none() {
                let root = self.stillness.root();
                dialogue.advance(&self.record, &mut self.stdin, root)?;
            }
        }
        // The trace may end before the last line is heard.
        self.hear_the_rest();
        if self.record.cut.is_none() {
            dialogue.advance(&self.record, &mut self.stdin, None)?;
        }
        self.record.missed = dialogue.missed();
        Ok(())
    }

    /// What is still in the streams of a run that is over.
    fn hear_the_rest(&mut self) {
        let until = Instant::now() + GRACE;
        while self.open > 0 {
            let left = until.saturating_duration_since(Instant::now());
            match self.heard.recv_timeout(left) {
                Ok(heard) => self.hear(heard),
                Err(_) => break,
            }
        }
    }

    fn hear(&mut self, heard: Heard) {
        self.stillness.is_heard();
        match heard {
            Heard::Stdout(bytes) => self.record.stdout.extend(bytes),
            Heard::Stderr(bytes) => self.record.stderr.extend(bytes),
            Heard::Silence => self.open -= 1,
            Heard::Trace(traced) => {
                if traced.is_cut {
                    self.cut(Cut::Calls);
                }
                self.record.level = traced.level;
                self.record.events = traced.events;
                self.has_trace = true;
            }
        }
        let said = self.record.stdout.len() + self.record.stderr.len();
        let most = self.limits.output as usize;
        if said > most {
            self.cut(Cut::Output);
            self.record.stdout.truncate(most);
            self.record.stderr.truncate(most);
        }
    }

    fn weigh_files(&mut self) {
        if self.weighed.elapsed() < WEIGH || self.record.cut.is_some() {
            return;
        }
        self.record.excess = excess(&self.record.folder, self.limits.files);
        if self.record.excess.is_some() {
            self.cut(Cut::Files);
        }
        self.weighed = Instant::now();
    }

    fn look(&mut self, dialogue: &Dialogue<'_>) {
        if self.record.cut.is_some() {
            return;
        }
        match self.stillness.look(dialogue.awaits_line()) {
            Verdict::Moves => {}
            Verdict::Stuck(answer) => self.cut(Cut::Stuck(Box::new(answer))),
            Verdict::Left => self.cut(Cut::Left),
            Verdict::WaitsForUs => self.cut(Cut::Silent),
        }
    }

    fn cut(&mut self, cut: Cut) {
        if self.record.cut.is_none() {
            self.record.cut = Some(cut);
            self.observation.end();
        }
    }

    /// How the keeper ended.
    fn finish(mut self) -> io::Result<Record> {
        drop(self.stdin.take());
        let observed = self.observation.finish()?;
        let mut record = self.record;
        // Only a keeper that has ended the run has said a last line.
        if !matches!(observed, Observed::Done | Observed::Interrupted) {
            let said = record.take_last_line();
            if observed == Observed::Failed {
                return Err(io::Error::other(said));
            }
            record.cut = Some(Cut::settled(record.cut.take(), &said));
        }
        Ok(record)
    }
}

/// What the kernel, and so the trace, calls a pipe.
fn object(end: &impl AsRawFd) -> String {
    let link = format!("/proc/self/fd/{}", end.as_raw_fd());
    fs::read_link(link)
        .map(|it| it.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn listen(
    mut from: PipeReader,
    tell: &Sender<Heard>,
    wrap: fn(Vec<u8>) -> Heard,
) -> io::Result<()> {
    let tell = tell.clone();
    let listen = move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            // Nobody hears any more: the rest is read all the same, so that
            // no writer waits.
            tell.send(wrap(buffer[..length].to_vec())).ok();
        }
        tell.send(Heard::Silence).ok();
    };
    Builder::new().spawn(listen).map(drop)
}

/// What was read of a trace.
struct Traced {
    level: Level,
    events: Vec<Event>,
    /// It goes on, and nobody reads it.
    is_cut: bool,
}

fn read_trace(trace: BufReader<fs::File>) -> Traced {
    let mut rest = trace.take(TRACE);
    let mut traced =
        Traced { level: Level::Light, events: Vec::new(), is_cut: false };
    if let Ok(reader) = Reader::new(&mut rest) {
        traced.level = reader.header().level;
        let events = reader.map_while(Result::ok).take(EVENTS);
        traced.events.extend(events);
    }
    traced.is_cut = traced.events.len() == EVENTS || rest.limit() == 0;
    traced
}

fn request(setting: &Setting<'_>, place: &Place, helpers: &Helpers) -> Request {
    let arguments = setting.question.arguments.iter();
    let arguments = arguments.map(|it| it.filled(place, helpers.said()));
    let command = std::iter::once(setting.program.as_os_str().to_owned());
    Request {
        command: command.chain(arguments).collect(),
        environment: environment(setting, place, helpers),
        ceilings: Ceilings {
            wall: Some(Duration::from_millis(setting.limits.wall_ms)),
            cpu: Some(Duration::from_millis(setting.limits.cpu_ms)),
            memory: Some(setting.limits.memory),
            processes: Some(setting.limits.processes),
            threads: Some(setting.limits.threads),
            output: Some(setting.limits.output),
            descriptors: Some(setting.limits.descriptors),
            removed: Some(setting.limits.files),
        },
        confinement: confinement(setting, place),
        plan: setting.plan.clone(),
        level: Some(Level::Full),
        is_live: false,
    }
}

/// What puts the confinement of a run in force, for
/// `observer::keeper_main_with`.
///
/// # Errors
/// If these are not the bytes of a confinement, or there is no Landlock.
pub fn confine(bytes: &[u8]) -> io::Result<Confined> {
    let confinement = Confinement::from_bytes(bytes)
        .ok_or_else(|| io::Error::other("this is no confinement"))?;
    let prepared = confinement.prepare()?;
    Ok(Box::new(move || prepared.apply()))
}

/// The program reaches itself, the helpers and its folder.
fn confinement(setting: &Setting<'_>, place: &Place) -> Option<Vec<u8>> {
    let is_full = match setting.contained {
        Containment::None => return None,
        Containment::Partial => false,
        Containment::Full => true,
    };
    let limits = setting.limits;
    let helpers = setting.programs.iter().map(|(_, program)| program.clone());
    let own = [setting.program.to_owned(), place.programs()];
    let confinement = Confinement {
        reads: helpers.chain(own).collect(),
        writes: vec![place.folder()],
        has_names: true,
        limits: sandbox::Limits {
            // Of one process; the keeper counts all. Whoever asks for more
            // memory at once than this is refused, before it is there.
            cpu_s: Some(limits.cpu_ms / 1000 + 1),
            data: Some(limits.memory.saturating_mul(4)),
            file: Some(limits.files),
            descriptors: Some(DESCRIPTORS),
            processes: is_full.then_some(limits.threads as u64 * 2),
        },
    };
    Some(confinement.to_bytes())
}

/// Nothing of the grader's own surroundings.
fn environment(
    setting: &Setting<'_>,
    place: &Place,
    helpers: &Helpers,
) -> Vec<(OsString, Option<OsString>)> {
    let folder = place.folder();
    let mut path = place.programs().into_os_string();
    path.push(":/usr/local/bin:/usr/bin:/bin");
    let mut all: Vec<(OsString, Option<OsString>)> =
        std::env::vars_os().map(|(name, _)| (name, None)).collect();
    all.push(("PATH".into(), Some(path)));
    all.push(("HOME".into(), Some(folder.clone().into())));
    all.push(("TMPDIR".into(), Some(folder.into())));
    all.push(("LANG".into(), Some("C.UTF-8".into())));
    if setting.has_frames {
        all.push(("RUST_BACKTRACE".into(), Some("1".into())));
    }
    for (name, value) in &setting.question.environment {
        let value = value.filled(place, helpers.said());
        all.push((name.into(), Some(value)));
    }
    all
}
