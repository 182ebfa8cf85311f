//! Twins whose locks guard numbers that look like a holder.

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

/// Of a mutex of the C library: its holder, one user, the default kind.
const LIKE_A_HOLDER: [u32; 8] = [4_000_000, 1, 0, 0, 0, 0, 0, 0];

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

fn mutex() -> Result {
    let mutex = Mutex::new(LIKE_A_HOLDER);
    scope(|all| {
        beside(all, |hold| {
            let guard = mutex.lock();
            hold();
            drop(guard);
        })?;
        ready()?;
        drop(mutex.lock());
        Ok(())
    })
}

/// With a writer that waits, its word is the number of readers and two bits
/// above: as if thread 3 held a lock that another wants.
fn rwlock() -> Result {
    let lock = &RwLock::new(LIKE_A_HOLDER);
    scope(|all| {
        for _ in 0..3 {
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
        ready()?;
        drop(lock.read());
        Ok(())
    })
}

/// A lock as many programs make it: 2 while somebody waits.
#[repr(C)]
struct OwnLock {
    word: AtomicU32,
    behind: [u32; 9],
}

fn own_lock() -> Result {
    let [holder, users, ..] = LIKE_A_HOLDER;
    let behind = [0, holder, users, 0, 0, 0, 0, 0, 0];
    let lock = OwnLock { word: AtomicU32::new(2), behind };
    scope(|all| {
        beside(all, |hold| {
            hold();
            lock.word.store(lock.behind[0], Relaxed);
        })?;
        ready()?;
        futex(&lock.word, libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, 2)
    })
}
