//! A wake-up that comes before the waiter: a condition variable forgets it, a
//! state under the lock keeps it, and so does a semaphore.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{
    Context, Result, exit_child, expect_success, role, say, state,
    until_blocked,
};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use crate::condition::Condition;
use crate::locks::Mutex;
use crate::shared::{Semaphore, Shared};

pub(crate) fn run() -> Result {
    let lock = Mutex::new()?;
    let changed = Condition::new(&lock)?;

    changed.wake_one()?; // Nobody waits: nothing happens, nothing is kept.
    let waiter = forked(|| {
        let mut guard = lock.lock()?;
        changed.wait(&mut guard)?;
        Ok(())
    })?;
    until_blocked(waiter)?;
    say!("condition alone: the waiter sleeps, state {}", state(waiter)?);
    kill(waiter, Signal::SIGKILL)?;
    waitpid(waiter, None)?;

    let ready = Shared::new(AtomicU32::new(0))?;
    let guard = lock.lock()?;
    ready.store(1, Relaxed);
    changed.wake_one()?;
    drop(guard);
    let waiter = forked(|| {
        let mut guard = lock.lock()?;
        while ready.load(Relaxed) == 0 {
            changed.wait(&mut guard)?;
        }
        say!("condition and state: the waiter need not wait");
        Ok(())
    })?;
    expect_success(waitpid(waiter, None)?)?;

    let posted = Semaphore::new(0)?;
    posted.post()?;
    let waiter = forked(|| {
        posted.wait()?;
        say!("semaphore: the waiter need not wait");
        Ok(())
    })?;
    expect_success(waitpid(waiter, None)?)
}

/// A waiter, made when the wake-up is already over.
fn forked(waiter: impl Fn() -> Result) -> Result<Pid> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the waiter")? {
        ForkResult::Child => {
            role("waiter");
            exit_child(waiter())
        }
        ForkResult::Parent { child } => Ok(child),
    }
}
