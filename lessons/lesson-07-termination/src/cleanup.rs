//! What still runs at which ending, tried: a value that is dropped and a
//! function for atexit(3) each send a byte to the parent, or do not.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::resume_unwind;
use std::process;
use std::sync::OnceLock;

use common::{Context, Error, Result, expect_success, role, say};
use nix::errno::Errno;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, execvp, fork, pipe};

type Ending = fn() -> Result;

const ENDINGS: [(&str, Ending); 7] = [
    ("return from main", || Ok(())),
    ("panic", || resume_unwind(Box::new("a panic without its message"))),
    ("process::exit(0)", exit),
    ("_exit(0)", exit_now),
    ("SIGTERM", || Ok(raise(Signal::SIGTERM)?)),
    ("SIGKILL", || Ok(raise(Signal::SIGKILL)?)),
    ("exec", || execvp(c"true", &[c"true"]).map(drop).context("no true")),
];

pub(crate) fn run() -> Result {
    say!("{:<18}Drop  atexit  status", "ending");
    for (name, ending) in ENDINGS {
        let (read_end, write_end) = pipe().context("cannot make a pipe")?;
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork the worker")? {
            ForkResult::Child => {
                drop(read_end);
                // No exit_child: whoever returns from here returns from main.
                return worker(write_end, ending);
            }
            ForkResult::Parent { child } => {
                drop(write_end);
                let mut ran = String::new();
                File::from(read_end).read_to_string(&mut ran)?;
                let yes = |c| if ran.contains(c) { "yes" } else { "no" };
                let (dropped, at_exit) = (yes('D'), yes('a'));
                let status = decoded(waitpid(child, None)?)?;
                say!("{name:<18}{dropped:<6}{at_exit:<8}{status}");
            }
        }
    }
    Ok(())
}

fn decoded(status: WaitStatus) -> Result<String> {
    match status {
        WaitStatus::Exited(_, code @ (0 | 101)) => Ok(format!("exited {code}")),
        WaitStatus::Signaled(_, signal, _) => Ok(format!("killed by {signal}")),
        other => {
            expect_success(other)?; // 1: it has printed the reason
            Err(Error::new("an ending without a status"))
        }
    }
}

/// The write end outlives every value of the worker: atexit comes last.
static NOTES: OnceLock<OwnedFd> = OnceLock::new();

fn worker(write_end: OwnedFd, ending: Ending) -> Result {
    role("worker");
    NOTES.set(write_end).ok();
    // SAFETY: at_exit does not unwind and touches no value that is dropped.
    let failed = unsafe { libc::atexit(at_exit) };
    Errno::result(-failed).context("cannot register at_exit")?;
    let _guard = Guard;
    ending()
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        note(b'D');
    }
}

extern "C" fn at_exit() {
    note(b'a');
}

fn note(byte: u8) {
    if let Some(notes) = NOTES.get() {
        let buffer = (&raw const byte).cast();
        // SAFETY: one byte is read from a variable of one byte.
        unsafe { libc::write(notes.as_raw_fd(), buffer, 1) };
    }
}

#[expect(clippy::disallowed_methods, reason = "what it skips is the lesson")]
fn exit() -> Result {
    process::exit(0)
}

fn exit_now() -> Result {
    // SAFETY: _exit(2) ends the process here; nothing of it runs on.
    unsafe { libc::_exit(0) }
}
