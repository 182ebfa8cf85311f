//! Signals of one kind do not queue: five children end, one SIGCHLD is
//! pending. So one wake-up collects until nobody is left.

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use crate::state::state;

pub(crate) fn run() -> Result {
    role("supervisor");
    let chld = SigSet::from(Signal::SIGCHLD);
    chld.thread_block()?;

    let mut workers = Vec::new();
    for _ in 0..5 {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => exit_child(worker()),
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    for worker in &workers {
        // Waits for the end and leaves the status uncollected.
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(*worker), look)?;
    }
    say!("supervisor: {} workers have ended", zombies(&workers));

    let signals = take_signals(&chld)?;
    say!("supervisor: SIGCHLD was pending {signals} time");
    expect_success(waitpid(None, None)?)?;
    say!("supervisor: one waitpid later: {} zombies", zombies(&workers));

    let collected = 1 + collect_all()?;
    say!("supervisor: the loop is done: {collected} collected");
    say!("supervisor: {} zombies", zombies(&workers));
    Ok(())
}

fn worker() -> Result {
    role("worker");
    Ok(())
}

/// Collects every child that has ended, however many signals said so.
fn collect_all() -> Result<u32> {
    let mut collected = 0;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return Ok(collected), // some run on
            Err(Errno::ECHILD) => return Ok(collected), // nobody is left
            status => expect_success(status?)?,
        }
        collected += 1;
    }
}

/// Takes pending signals one by one, until there is none.
fn take_signals(set: &SigSet) -> Result<u32> {
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let mut taken = 0;
    loop {
        // SAFETY: both structures live longer than the call, and no siginfo
        // is asked for.
        let signal = unsafe {
            libc::sigtimedwait(set.as_ref(), std::ptr::null_mut(), &now)
        };
        match Errno::result(signal) {
            Ok(_) => taken += 1,
            Err(Errno::EAGAIN) => return Ok(taken),
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// A process whose status is collected has no state any more.
fn zombies(workers: &[Pid]) -> usize {
    workers.iter().filter(|pid| state(**pid).is_ok_and(|s| s == 'Z')).count()
}
