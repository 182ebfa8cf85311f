//! A robust mutex in shared memory: it tells the next one that its holder is
//! dead.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::num::NonZero;

use nix::errno::Errno;
use nix::libc::{self, _exit};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{ForkResult, fork};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let words: Vec<_> = args_os().skip(1).collect();
    let [file, processes, records] = &words[..] else {
        return Err("usage: onelog FILE P R".into());
    };
    let (processes, records) = (number(processes)?, number(records)?);
    let lock = shared_lock()?;
    let mut created = 0;
    let mut forked = Ok(());
    while forked.is_ok() && created < processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => end(append(file, records, lock)),
            Ok(ForkResult::Parent { .. }) => created += 1,
            Err(errno) => forked = Err(errno),
        }
    }
    let mut has_failed = false;
    for _ in 0..created {
        has_failed |= !matches!(wait()?, WaitStatus::Exited(_, 0));
    }
    forked?;
    match has_failed {
        true => Err("records are missing".into()),
        false => Ok(()),
    }
}

fn number(word: &OsStr) -> Result<u32> {
    Ok(word.to_str().ok_or("no number")?.parse()?)
}

fn append(
    file: &OsStr,
    records: u32,
    lock: *mut libc::pthread_mutex_t,
) -> Result {
    let mut log = OpenOptions::new().create(true).append(true).open(file)?;
    for _ in 0..records {
        // SAFETY: initialised before the fork.
        let answer = unsafe { libc::pthread_mutex_lock(lock) };
        if answer == libc::EOWNERDEAD {
            // Its holder was killed. Nothing has to be mended: the lone
            // `begin` may stay.
            // SAFETY: this process has the lock.
            unsafe { libc::pthread_mutex_consistent(lock) };
        } else if answer != 0 {
            return Err(Errno::from_raw(answer).into());
        }
        let written =
            log.write_all(b"begin\n").and_then(|()| log.write_all(b"end\n"));
        // SAFETY: this process has the lock.
        unsafe { libc::pthread_mutex_unlock(lock) };
        written?;
    }
    Ok(())
}

/// A lock in memory that processes created later share.
fn shared_lock() -> Result<*mut libc::pthread_mutex_t> {
    let length = size_of::<libc::pthread_mutex_t>();
    let length = NonZero::new(length).ok_or("empty")?;
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping overlaps nothing.
    let page =
        unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
    let lock = page.cast().as_ptr();
    // SAFETY: all zeros is what the init call starts from; the lock is
    // initialised where it stays.
    unsafe {
        let mut attributes = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut attributes);
        let way = libc::PTHREAD_PROCESS_SHARED;
        libc::pthread_mutexattr_setpshared(&raw mut attributes, way);
        let kind = libc::PTHREAD_MUTEX_ROBUST;
        libc::pthread_mutexattr_setrobust(&raw mut attributes, kind);
        libc::pthread_mutex_init(lock, &raw const attributes);
    }
    Ok(lock)
}

/// Ends a child, and tells by its exit code how it went.
fn end(result: Result) -> ! {
    let code = match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("onelog: {error}");
            1
        }
    };
    // SAFETY: ends the child without running the parent's code.
    unsafe { _exit(code) }
}
