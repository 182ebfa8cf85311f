//! Workers that begin at one moment, and are reaped.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use common::{Context, Error, Result};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe, read, write};

use crate::clock::pin;

/// Workers that are there, and wait for the end of file of a pipe that only
/// this process can end.
pub(crate) struct Crew {
    workers: Vec<Pid>,
    opener: OwnedFd,
}

impl Crew {
    /// Forks a worker for each of these CPUs, and returns when each has come
    /// to the gate, on its CPU: who moved to it behind the gate would begin
    /// late, and by a time that the scheduler decides. `work` gets the
    /// worker's number, from 0.
    pub(crate) fn at_gate(
        cpus: &[usize],
        work: impl Fn(usize) -> Result,
    ) -> Result<Self> {
        let (gate, opener) = pipe().context("cannot make the gate")?;
        let (roll_call, here) = pipe().context("cannot make the roll call")?;
        let mut workers = Vec::new();
        for (number, cpu) in cpus.iter().enumerate() {
            // SAFETY: this process has one thread.
            match unsafe { fork() }.context("cannot fork a worker")? {
                ForkResult::Child => {
                    drop(opener);
                    end(pin(*cpu)
                        .and_then(|()| wait_at(&gate, &here))
                        .and_then(|()| work(number)))
                }
                ForkResult::Parent { child } => workers.push(child),
            }
        }
        drop(here);
        File::from(roll_call)
            .read_exact(&mut vec![0; cpus.len()])
            .context("a worker went away")?;
        Ok(Self { workers, opener })
    }

    /// Opens the gate.
    pub(crate) fn begin(self) -> Workers {
        drop(self.opener);
        Workers(self.workers)
    }
}

/// Workers at work.
#[must_use = "who is not reaped stays a zombie"]
pub(crate) struct Workers(Vec<Pid>);

impl Workers {
    pub(crate) fn reap(self) -> Result {
        self.0.into_iter().try_for_each(reap)
    }
}

fn wait_at(gate: &OwnedFd, here: &OwnedFd) -> Result {
    // Who measured is gone: nobody waits for the work.
    set_pdeathsig(Signal::SIGKILL)?;
    write(here, b"!").context("cannot answer the roll call")?;
    read(gate, &mut [0]).map(drop).context("cannot wait at the gate")
}

/// Forks one worker without a gate.
pub(crate) fn hire(work: impl FnOnce() -> Result) -> Result<Pid> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork a worker")? {
        ForkResult::Child => end(set_pdeathsig(Signal::SIGKILL)
            .map_err(Into::into)
            .and_then(|()| work())),
        ForkResult::Parent { child } => Ok(child),
    }
}

/// Ends a worker, with one line on stderr if it failed.
pub(crate) fn end(outcome: Result) -> ! {
    let code = match outcome {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("rust-column: a worker: {error}");
            1
        }
    };
    // SAFETY: _exit(2) ends the process here; nothing of it runs on.
    unsafe { libc::_exit(code) }
}

/// Waits for a child that has to end well.
pub(crate) fn reap(child: Pid) -> Result {
    match waitpid(child, None).context("cannot wait for a child")? {
        WaitStatus::Exited(_, 0) => Ok(()),
        other => Err(Error::new(format!("a child ended badly: {other:?}"))),
    }
}
