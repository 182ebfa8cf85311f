//! Ctrl-C and its like, while a command is seen: what happened is drawn, and
//! nobody is left.

use std::fs::File;
use std::io::{BufReader, PipeReader, Read, pipe};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Once, mpsc};
use std::thread::Builder;
use std::time::Duration;

use nix::sys::signal::{SigHandler, Signal, kill, killpg, signal};
use nix::unistd::Pid;
use trace::Reader;

/// A run that takes longer hangs.
const LONG: Duration = Duration::from_secs(60);

/// A shell's program that waits for ever, after it has said so.
const WAITS: &str = "echo ready; exec tail -f /dev/null";

/// `forklore see` in a process group of its own, as a terminal's foreground
/// job, at the moment when its command has printed `ready`.
struct Seen {
    child: Child,
    /// Every process of the run holds its write end.
    output: PipeReader,
    file: PathBuf,
}

impl Seen {
    fn new(script: &str) -> Self {
        ignore_nothing();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("{}-{number}.jsonl", std::process::id());
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let (mut output, write_end) = pipe().expect("a pipe");
        let child = Command::new(env!("CARGO_BIN_EXE_forklore"))
            .args(["see", "--jsonl"])
            .arg(&file)
            .args(["--", "sh", "-c", script])
            .stdin(Stdio::null())
            .stdout(write_end)
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("it can be run");
        let mut ready = [0; 6];
        output.read_exact(&mut ready).expect("a line");
        assert_eq!(&ready, b"ready\n");
        Self { child, output, file }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// What a terminal does at Ctrl-C.
    fn interrupt(&self) {
        killpg(self.pid(), Signal::SIGINT).expect("it lives");
    }

    /// Waits until nobody is left; the exit code, and what stands on stderr.
    /// The trace must be complete.
    fn finish(mut self) -> (Option<i32>, String) {
        let stderr = self.child.stderr.take().expect("it is piped");
        let said = read_all(stderr);
        let output = read_all(self.output);
        output.recv_timeout(LONG).expect("nobody of the run is left");
        let said = said.recv_timeout(LONG).expect("it ends");
        let code = self.child.wait().expect("it is our child").code();
        let trace = File::open(&self.file).expect("there is a trace");
        let reader = Reader::new(BufReader::new(trace)).expect("a header");
        for event in reader {
            event.expect("it is complete");
        }
        std::fs::remove_file(&self.file).expect("it is ours");
        (code, said)
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let reader = move || {
        let mut text = String::new();
        from.read_to_string(&mut text).expect("text");
        sender.send(text).ok();
    };
    Builder::new().spawn(reader).expect("a thread");
    receiver
}

/// A test may be started by nohup(1) or as a shell's background job: both
/// ignore signals, and so would all that it starts.
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

/// Waits until a process and its child have heard every signal: two of the
/// same kind become one.
fn await_quiet(pid: Pid) {
    let list = format!("/proc/{pid}/task/{pid}/children");
    let list = std::fs::read_to_string(list).expect("it lives");
    let children = list.split_whitespace().map(str::to_owned);
    for pid in children.chain([pid.to_string()]) {
        let is_pending = || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
            let status = status.expect("it lives");
            !status.contains("ShdPnd:\t0000000000000000")
        };
        while is_pending() {
            std::thread::yield_now();
        }
    }
}

fn is_drawn(said: &str) -> bool {
    said.contains("A sh") || said.contains("A tail")
}

const INTERRUPTED: &str = "forklore: the run was ended: SIGINT came\n";

#[test]
fn a_command_that_dies_of_the_first_interrupt_is_drawn_and_nobody_ended_it() {
    let seen = Seen::new(WAITS);
    seen.interrupt();
    let (code, said) = seen.finish();
    assert_eq!(code, Some(130), "{said}");
    assert!(!said.contains("the run was ended"), "{said}");
    assert!(is_drawn(&said), "{said}");
}

#[test]
fn a_command_that_handles_the_interrupt_ends_as_it_likes() {
    // Its child says so: a shell waits for that one before it runs the trap.
    let script = format!("trap 'exit 7' INT; sh -c '{WAITS}'; exit 0");
    let seen = Seen::new(&script);
    seen.interrupt();
    let (code, said) = seen.finish();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("the run was ended"), "{said}");
    assert!(said.contains("exit 7"), "{said}");
}

#[test]
fn the_second_interrupt_ends_a_command_that_ignores_the_first() {
    let mut seen = Seen::new(&format!("trap '' INT; {WAITS}"));
    seen.interrupt();
    await_quiet(seen.pid());
    assert!(seen.child.try_wait().expect("it is our child").is_none());
    seen.interrupt();
    let (code, said) = seen.finish();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with(INTERRUPTED), "{said}");
    assert!(is_drawn(&said), "{said}");
}

#[test]
fn who_is_told_to_end_ends_the_run_and_draws_it() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let seen = Seen::new(&format!("trap '' TERM HUP; {WAITS}"));
        kill(seen.pid(), signal).expect("it lives");
        let (code, said) = seen.finish();
        assert_eq!(code, Some(1), "{said}");
        let told = format!("forklore: the run was ended: {signal} came\n");
        assert!(said.starts_with(&told), "{said}");
        assert!(is_drawn(&said), "{said}");
    }
}
