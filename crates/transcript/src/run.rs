//! One run of a program: in a process group of its own, with a deadline.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Far above any lesson's time, on a loaded machine too: it ends a hang.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a run printed and how it ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
    /// The exit code; `None` after death by a signal.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl Run {
    /// Standard output, line by line.
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }
}

/// Runs the command to its end and collects its output.
///
/// # Panics
/// If it cannot be started, runs for two minutes, or leaves a process of its
/// process group behind.
pub fn run(command: &mut Command) -> Run {
    let what = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {what}: {error}"));
    let group = Pid::from_raw(child.id() as i32);

    let stdout = child.stdout.take().map(read_to_end);
    let stderr = child.stderr.take().map(read_to_end);
    let (ended, end) = mpsc::channel();
    let waiter = start(move || ended.send(child.wait()));
    let status: ExitStatus = match end.recv_timeout(DEADLINE) {
        Ok(status) => status.expect("the child is ours to wait for"),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            killpg(group, Signal::SIGKILL).ok();
            panic!("{what} did not end within {DEADLINE:?}");
        }
    };
    waiter.join().expect("the waiter does not panic").ok();

    // The leader is reaped: its group exists only if it left somebody.
    if killpg(group, None) != Err(Errno::ESRCH) {
        killpg(group, Signal::SIGKILL).ok();
        panic!("{what} ended and left a process of its group behind");
    }
    Run {
        stdout: stdout.map(text_of).unwrap_or_default(),
        stderr: stderr.map(text_of).unwrap_or_default(),
        code: status.code(),
        signal: status.signal(),
    }
}

fn start<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::Builder::new().spawn(work).expect("a test may start a thread")
}

type Reader = thread::JoinHandle<Vec<u8>>;

fn read_to_end(mut pipe: impl Read + Send + 'static) -> Reader {
    start(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

fn text_of(reader: Reader) -> String {
    let bytes = reader.join().expect("the reader does not panic");
    String::from_utf8(bytes).expect("a lesson prints UTF-8")
}
