//! Waiters whom no other process can wake: their futex is private.

use std::os::fd::OwnedFd;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::sync::mpsc::channel;
use std::thread::Builder;

use nix::errno::Errno;

use crate::Result;
use crate::files::open;
use crate::healthy_restless::map_to_read;
use crate::memory::share;
use crate::process::{Meeting, await_end, await_sleep, child, ready};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("std-mutex-shared", "private-futex", "A A.2", std_mutex)
        .says(
            "A.2 (hang) waits in shared memory by a futex that only its own \
             process can wake: what processes share needs \
             PTHREAD_PROCESS_SHARED.",
        ),
    Program::stuck("private-wake", "private-futex", "A A.1", private_wake)
        .says("needs PTHREAD_PROCESS_SHARED."),
    Program::stuck("std-mutex-twice", "private-futex", "A", std_mutex_twice)
        .says(
            "and it has no other: what wakes it must come before it waits.; \
             not: PTHREAD_; not: fork",
        ),
    Program::stuck("park-forever", "private-futex", "A A.1", parked),
    Program::stuck("fork-inherits-lock", "private-futex", "A A.1", inherited)
        .says(
            "mapped with MAP_SHARED before the fork. A lock that a thread \
             holds at the fork stays locked in the child.",
        ),
    Program::stuck("page-of-file-alone", "private-futex", "A", page_of_file)
        .says("must map the same file with MAP_SHARED.")
        .if_unmapped(),
];

/// In a file without a name, which nobody else maps.
fn page_of_file() -> Result {
    let file: OwnedFd = open("page")?.into();
    nix::unistd::ftruncate(&file, 4096)?;
    std::fs::remove_file("page")?;
    let word = map_to_read(&file)?;
    drop(file);
    ready()?;
    futex(word, libc::FUTEX_WAIT, 0)
}

/// A `std::sync::Mutex` in shared memory: its unlock wakes only threads of
/// the process that unlocks.
fn std_mutex() -> Result {
    let mutex = share(Mutex::new(()))?;
    let meeting = Meeting::new(1)?;
    let holder = child(|| {
        let guard = mutex.lock()?;
        meeting.attend()?;
        // The second time it is awaited that the other sleeps.
        meeting.attend()?;
        drop(guard);
        Ok(())
    })?;
    meeting.hold()?;
    let waiter = child(|| {
        drop(mutex.lock()?);
        Ok(())
    })?;
    await_sleep(waiter)?;
    meeting.hold()?;
    crate::process::await_zombie(holder)?;
    drop(meeting);
    ready()?;
    await_end(waiter)
}

pub(crate) fn futex(
    word: &AtomicU32,
    operation: libc::c_int,
    value: u32,
) -> Result {
    let none = ptr::null::<libc::timespec>();
    let place = word.as_ptr();
    // SAFETY: the word outlives the call.
    let done = unsafe {
        libc::syscall(libc::SYS_futex, place, operation, value, none)
    };
    Errno::result(done)?;
    Ok(())
}

/// FUTEX_WAKE with the private flag looks for waiters in this process only.
fn private_wake() -> Result {
    let word = share(AtomicU32::new(0))?;
    let private = libc::FUTEX_PRIVATE_FLAG;
    let waiter = child(|| futex(word, libc::FUTEX_WAIT | private, 0))?;
    await_sleep(waiter)?;
    futex(word, libc::FUTEX_WAKE | private, 1)?;
    ready()?;
    await_end(waiter)
}

/// The word of a std mutex names no owner.
fn std_mutex_twice() -> Result {
    let mutex = Mutex::new(());
    let _first = mutex.lock().map_err(|_| "nobody panicked")?;
    ready()?;
    let _second = mutex.lock().map_err(|_| "nobody panicked")?;
    Ok(())
}

/// The only thread parks, and nobody has its handle.
fn parked() -> Result {
    let worker = child(|| {
        loop {
            std::thread::park();
        }
    })?;
    ready()?;
    await_end(worker)
}

/// fork(2) copied a lock that another thread holds, and not the thread.
fn inherited() -> Result {
    static LOCK: Mutex<()> = Mutex::new(());
    let (say_held, is_held) = channel();
    let (end, ended) = channel::<()>();
    let holder = Builder::new().spawn(move || {
        let guard = LOCK.lock();
        say_held.send(()).ok();
        ended.recv().ok();
        drop(guard);
    })?;
    is_held.recv()?;
    let worker = child(|| {
        drop(LOCK.lock().map_err(|_| "nobody panicked")?);
        Ok(())
    })?;
    drop(end);
    holder.join().map_err(|_| "the thread panicked")?;
    ready()?;
    await_end(worker)
}
