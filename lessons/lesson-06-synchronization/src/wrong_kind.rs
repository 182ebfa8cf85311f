//! `std::sync::Mutex` is for threads: it wakes waiters of its own process
//! only. Between processes it excludes, and then nobody wakes the waiter.

use std::sync::{Mutex, PoisonError};

use common::{
    Context, Error, Result, exit_child, role, say, state, until_blocked,
};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::shared::{Share, Shared};

struct ThreadMutex(Mutex<()>);
// SAFETY: on Linux it is a futex word and a flag, both atomic, and no pointer.
// The standard library does not promise that: never do this elsewhere.
unsafe impl Share for ThreadMutex {}

pub(crate) fn run() -> Result {
    let shared = Shared::new(ThreadMutex(Mutex::new(())))?;
    let mutex = &shared.0;
    let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);

    // SAFETY: this process has one thread. The child's copy of the guard is
    // never dropped: the child ends in `exit_child`.
    match unsafe { fork() }.context("cannot fork the waiter")? {
        ForkResult::Child => exit_child(waiter(mutex)),
        ForkResult::Parent { child } => {
            until_blocked(child)?;
            say!("waiter: state {}, the parent holds it", state(child)?);
            drop(guard);
            // A wake-up takes effect at once: a woken process is in state R
            // before the call that woke it returns.
            let free = mutex.try_lock().is_ok();
            say!(
                "waiter: state {}, and the mutex is free: {free}",
                state(child)?
            );
            kill(child, Signal::SIGKILL)?;
            waitpid(child, None)?;
            say!("waiter: ended by its parent, it would sleep for ever");
            Ok(())
        }
    }
}

fn waiter(mutex: &Mutex<()>) -> Result {
    role("waiter");
    match mutex.lock() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::new("the mutex is poisoned")),
    }
}
