//! Runs the program that observes, and reads what it saw.

#![allow(dead_code, reason = "each test program uses its part")]

use std::fs::File;
use std::io::{BufReader, PipeReader, Read, pipe};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Once, mpsc};
use std::thread::Builder;
use std::time::Duration;

use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::Pid;
use trace::{Ending, Event, Level, Reader, What};

/// The program that observes, and is observed.
pub(crate) const OBSERVED: &str = env!("CARGO_BIN_EXE_observed");

/// A run that takes longer hangs.
const LONG: Duration = Duration::from_secs(60);

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Run {
    /// What `observe` ended with: 0, 1 or 3 as the run was done, ended or
    /// failed.
    pub(crate) code: Option<i32>,
    pub(crate) level: Option<Level>,
    pub(crate) because: Option<String>,
    pub(crate) events: Vec<Event>,
    pub(crate) stderr: String,
}

/// Observes the program in a behaviour, to its end.
pub(crate) fn observed(behaviour: &[&str]) -> Run {
    let command: Vec<&str> =
        [OBSERVED].into_iter().chain(behaviour.iter().copied()).collect();
    observe(&[], &command)
}

/// Observes the program in a behaviour, to its end; what it printed, too.
pub(crate) fn observed_with_output(behaviour: &[&str]) -> (Run, String) {
    let command: Vec<&str> =
        [OBSERVED].into_iter().chain(behaviour.iter().copied()).collect();
    let (run, output) = observe_all(&[], &command);
    (run, String::from_utf8(output).expect("text"))
}

/// Observes a command, with options, to its end.
pub(crate) fn observe(options: &[&str], command: &[&str]) -> Run {
    observe_all(options, command).0
}

fn observe_all(options: &[&str], command: &[&str]) -> (Run, Vec<u8>) {
    let mut started = Started::new(options, command);
    let stderr = started.child.stderr.take().expect("it is piped");
    let stderr = read_all(stderr);
    let output = started.await_end_of_run();
    let code = started.child.wait().expect("it is our child").code();
    let stderr = stderr.recv_timeout(LONG).expect("stderr ends");
    let mut run = Run {
        code,
        level: None,
        because: None,
        events: Vec::new(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    };
    let trace = File::open(&started.file).expect("there is a trace");
    if let Ok(reader) = Reader::new(BufReader::new(trace)) {
        run.level = Some(reader.header().level);
        run.because.clone_from(&reader.header().because);
        run.events = reader.map_while(Result::ok).collect();
    }
    std::fs::remove_file(&started.file).expect("it is ours");
    (run, output)
}

/// A keeper ignores what its starter ignores, and a test may be started by
/// nohup(1) or as a shell's background job: both ignore signals.
fn ignore_nothing() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for ignored in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
            // SAFETY: the default action is no handler that could run.
            unsafe { signal(ignored, SigHandler::SigDfl) }
                .expect("it can be caught");
        }
    });
}

/// A run under way.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) child: Child,
    /// Every process of the run holds its write end as standard output: its
    /// end of file says that nobody is left.
    pub(crate) output: PipeReader,
    pub(crate) file: PathBuf,
}

impl Started {
    pub(crate) fn new(options: &[&str], command: &[&str]) -> Self {
        ignore_nothing();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("{}-{number}.jsonl", std::process::id());
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let (output, write_end) = pipe().expect("a pipe");
        let child = Command::new(OBSERVED)
            .arg("observe")
            .args(options)
            .arg("--jsonl")
            .arg(&file)
            .arg("--")
            .args(command)
            .stdin(Stdio::null())
            .stdout(write_end)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be run");
        Self { child, output, file }
    }

    /// Reads what the run prints until nobody is left who could print; what
    /// it was.
    pub(crate) fn await_end_of_run(&mut self) -> Vec<u8> {
        let output = self.output.try_clone().expect("a second descriptor");
        match read_all(output).recv_timeout(LONG) {
            Ok(bytes) => bytes,
            Err(_) => {
                self.child.kill().ok();
                panic!("a process of the run is left");
            }
        }
    }

    /// Waits until nobody is left; what `observe` ended with and said. Its
    /// trace must be complete.
    pub(crate) fn finish(mut self) -> (Option<i32>, String) {
        self.await_end_of_run();
        let mut said = String::new();
        let stderr = self.child.stderr.as_mut().expect("it is piped");
        stderr.read_to_string(&mut said).expect("it is text");
        let code = self.child.wait().expect("it is our child").code();
        let trace = File::open(&self.file).expect("there is a trace");
        let reader = Reader::new(BufReader::new(trace)).expect("a header");
        for event in reader {
            event.expect("it is complete");
        }
        std::fs::remove_file(&self.file).expect("it is ours");
        (code, said)
    }

    /// The pid that `clings` prints when all is in place: its keeper's.
    pub(crate) fn await_keeper(&mut self) -> i32 {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.last() != Some(&b'\n') {
            self.output.read_exact(&mut byte).expect("a line");
            line.push(byte[0]);
        }
        let line = String::from_utf8(line).expect("text");
        let (_, pid) = line.trim().split_once(' ').expect("ready PID");
        pid.parse().expect("a pid")
    }
}

/// Waits until no signal is pending: two of the same kind become one.
pub(crate) fn await_quiet(pid: Pid) {
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
        let status = status.expect("it lives");
        let none = "0000000000000000";
        if status.contains(&format!("ShdPnd:\t{none}")) {
            return;
        }
        std::thread::yield_now();
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let reader = move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("a pipe can be read");
        sender.send(bytes).ok();
    };
    Builder::new().spawn(reader).expect("a thread");
    receiver
}

impl Run {
    /// What a process did, in order.
    pub(crate) fn of(&self, who: &str) -> Vec<&What> {
        let events = self.events.iter();
        let events = events.filter(|event| event.who.to_string() == who);
        events.map(|event| &event.what).collect()
    }

    /// How a process ended, which it does once.
    pub(crate) fn ending(&self, who: &str) -> Option<Ending> {
        let mut endings = self.of(who).into_iter().filter_map(|what| {
            let What::Exit { how } = what else { return None };
            Some(how.clone())
        });
        let ending = endings.next();
        assert!(endings.next().is_none(), "{who} ended twice");
        ending
    }

    /// The exit code of the first process.
    pub(crate) fn code_of(&self, who: &str) -> Option<u8> {
        match self.ending(who)? {
            Ending::Code { code } => Some(code),
            Ending::Signal { .. } | Ending::Unknown { .. } => None,
        }
    }

    pub(crate) fn count(&self, is_meant: impl Fn(&What) -> bool) -> usize {
        self.events.iter().filter(|event| is_meant(&event.what)).count()
    }

    pub(crate) fn place(
        &self,
        who: &str,
        is_meant: impl Fn(&What) -> bool,
    ) -> u64 {
        let mut events = self.events.iter();
        events
            .find(|it| it.who.to_string() == who && is_meant(&it.what))
            .unwrap_or_else(|| panic!("{who} did not: {:#?}", self.of(who)))
            .seq
    }
}
