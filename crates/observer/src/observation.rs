//! A run under way, as who asked for it sees it.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use crate::ceiling::Reason;
use crate::signals::{Forwarding, tell};

/// A run under way. Its output goes where this process's output goes, or
/// where its [`Surroundings`](crate::Surroundings) say.
#[derive(Debug)]
pub struct Observation {
    pub(crate) trace: Option<BufReader<File>>,
    pub(crate) keeper: Child,
    pub(crate) signals: Forwarding,
}

/// How a keeper ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Observed {
    /// The run is over.
    Done,
    /// A ceiling was reached, or the keeper was told to end; it has said why
    /// on stderr.
    Ended,
    /// Its first process died of the first SIGINT, which the terminal had sent
    /// to all: the run is over, and nobody has ended it.
    Interrupted,
    /// The run could not be observed, or not begin; it has said why.
    Failed,
}

/// A keeper's exit codes, beside 0.
pub(crate) const ENDED: u8 = 1;
pub(crate) const FAILED: u8 = 3;
/// As a shell says that a command died of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

impl Observation {
    /// The trace, line by line, while the run goes on; can be taken once.
    ///
    /// It must be read: a full pipe stops the keeper, and with it the run.
    pub fn trace(&mut self) -> Option<BufReader<File>> {
        self.trace.take()
    }

    /// The process that keeps the run: orphans of the run become its
    /// children.
    pub fn keeper(&self) -> i32 {
        self.keeper.id() as i32
    }

    /// Asks the keeper to end the run; its trace is told to the end.
    pub fn end(&self) {
        tell(self.keeper(), libc::SIGTERM);
    }

    /// Waits for the end of the run.
    ///
    /// # Errors
    /// What wait4(2) reports.
    pub fn finish(mut self) -> io::Result<Observed> {
        drop(self.trace.take());
        let keeper = Pid::from_raw(self.keeper.id() as i32);
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        while waitid(Id::Pid(keeper), flags) == Err(Errno::EINTR) {}
        self.signals.forget();
        let status: ExitStatus = self.keeper.wait()?;
        Ok(match (status.code(), status.signal()) {
            (Some(0), _) => Observed::Done,
            (Some(code), _) if code == i32::from(ENDED) => Observed::Ended,
            (Some(code), _) if code == i32::from(INTERRUPTED) => {
                Observed::Interrupted
            }
            // Before it had a handler, and the run began.
            (
                _,
                Some(signal @ (libc::SIGINT | libc::SIGTERM | libc::SIGHUP)),
            ) => {
                say_ended(Reason::Asked(signal));
                Observed::Ended
            }
            _ => Observed::Failed,
        })
    }
}

impl Drop for Observation {
    /// Ends the run, if it is not over.
    fn drop(&mut self) {
        // Both fail if the keeper is reaped already.
        self.keeper.kill().ok();
        self.signals.forget();
        self.keeper.wait().ok();
    }
}

pub(crate) fn say_ended(reason: Reason) {
    say(&format!("the run was ended: {reason}"));
}

/// Says a line on stderr; nobody may be there to hear it.
pub(crate) fn say(line: &str) {
    writeln!(io::stderr(), "forklore: {line}").ok();
}
