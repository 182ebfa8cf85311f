//! A process waits for a lock that it holds itself.

use crate::Result;
use crate::files::{flock, lock_description, open};
use crate::memory::Mutex;
use crate::process::{await_end, child, ready};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("flock-twice", "self-lock", "A", flock_twice)
        .says("lock; flock"),
    Program::stuck("ofd-twice", "self-lock", "A A.1", ofd_twice).says("lock"),
    Program::stuck("mutex-twice", "self-lock", "A", mutex_twice),
    Program::stuck("shared-mutex-twice", "self-lock", "A A.1", shared_twice),
];

/// Two open file descriptions of one file: to flock(2) two strangers.
fn flock_twice() -> Result {
    let (first, second) = (open("lock")?, open("lock")?);
    flock(&first)?;
    ready()?;
    flock(&second)
}

fn ofd_twice() -> Result {
    let worker = child(|| {
        let (first, second) = (open("lock")?, open("lock")?);
        lock_description(&first, 0, 1)?;
        lock_description(&second, 0, 0)
    })?;
    ready()?;
    await_end(worker)
}

fn mutex_twice() -> Result {
    static MUTEX: Mutex = Mutex::private();
    MUTEX.lock()?;
    ready()?;
    MUTEX.lock()
}

fn shared_twice() -> Result {
    let mutex = Mutex::shared()?;
    let worker = child(|| {
        mutex.lock()?;
        mutex.lock()
    })?;
    ready()?;
    await_end(worker)
}
