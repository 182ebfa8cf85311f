//! Twins whose locks guard numbers that look like a holder.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Mutex, RwLock};
use std::thread::{Builder, Scope, scope};

use crate::Result;
use crate::futexes::futex;
use crate::healthy::rest;
use crate::process::ready;
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("mutex-guards-numbers", mutex),
    Program::healthy("rwlock-counts-readers", rwlock),
    Program::healthy("word-before-numbers", own_lock),
];

/// Of a thread that is not there: no number of a thread is so large.
const HOLDER: u32 = 4_194_304;

/// What a mutex of the C library has behind its word: its depth, its holder,
/// one user, and the default kind.
const LIKE_A_HOLDER: [u32; 9] = [0, HOLDER, 1, 0, 0, 0, 0, 0, 0];

/// Another thread, which does this and rests; goes on when that is done.
fn beside<'a>(
    all: &'a Scope<'a, '_>,
    first: impl FnOnce(&dyn Fn()) + Send + 'a,
) -> Result {
    let (say, said) = channel();
    Builder::new().spawn_scoped(all, move || {
        first(&|| {
            say.send(()).ok();
            rest().ok();
        });
    })?;
    Ok(said.recv()?)
}

/// Waits in another thread, of which the answer says whether it is stuck.
fn wait_beside<'a>(
    all: &'a Scope<'a, '_>,
    wait: impl FnOnce() + Send + 'a,
) -> Result {
    Builder::new().spawn_scoped(all, wait)?;
    ready()?;
    rest()
}

fn mutex() -> Result {
    // A flag may stand before them.
    let mutex = Mutex::new([HOLDER, HOLDER, 1, 0, 0, 0, 0, 0, 0]);
    scope(|all| {
        beside(all, |hold| {
            let guard = mutex.lock();
            hold();
            drop(guard);
        })?;
        wait_beside(all, || drop(mutex.lock()))
    })
}

/// With a writer that waits, its word is the number of readers and two bits
/// above: as if a thread of that number held a lock that another wants.
fn rwlock() -> Result {
    let is_free = |pid: &u32| !Path::new(&format!("/proc/{pid}")).exists();
    let readers = (1..500).find(is_free).ok_or("no number is free")?;
    let lock = &RwLock::new(());
    scope(|all| {
        for _ in 0..readers {
            beside(all, |hold| {
                let guard = lock.read();
                hold();
                drop(guard);
            })?;
        }
        let (say, said) = channel();
        Builder::new().spawn_scoped(all, move || {
            say.send(()).ok();
            drop(lock.write());
        })?;
        said.recv()?;
        // A reader may read beside others, but not before a writer.
        while lock.try_read().is_ok() {
            nix::sched::sched_yield()?;
        }
        wait_beside(all, || drop(lock.read()))
    })
}

/// A lock as many programs make it: 2 while somebody waits.
#[repr(C)]
struct OwnLock {
    word: AtomicU32,
    behind: [u32; 9],
}

fn own_lock() -> Result {
    let lock = &OwnLock { word: AtomicU32::new(2), behind: LIKE_A_HOLDER };
    scope(|all| {
        beside(all, |hold| {
            hold();
            lock.word.store(lock.behind[0], Relaxed);
        })?;
        let private = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
        wait_beside(all, move || drop(futex(&lock.word, private, 2)))
    })
}
