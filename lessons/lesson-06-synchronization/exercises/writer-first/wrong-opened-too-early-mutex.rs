//! Both take a mutex for processes, as the notebook's lock.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::num::NonZero;

use nix::libc::{self, _exit, sem_t};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let file = args_os().nth(1).ok_or("usage: letter FILE")?;
    let lock = shared_lock()?;
    // SAFETY: this process has one thread.
    let reader = match unsafe { fork() }? {
        ForkResult::Child => end(read(&file, lock)),
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    let writer = match unsafe { fork() } {
        Ok(ForkResult::Child) => end(write(&file, lock)),
        Ok(ForkResult::Parent { child }) => Ok(child),
        Err(errno) => Err(errno),
    };
    let mut statuses = vec![waitpid(reader, None)?];
    statuses.push(waitpid(writer?, None)?);
    let is_well = |it: &WaitStatus| matches!(it, WaitStatus::Exited(_, 0));
    match statuses.iter().all(is_well) {
        true => Ok(()),
        false => Err("one of the two has failed".into()),
    }
}

fn write(file: &OsStr, lock: *mut sem_t) -> Result {
    // SAFETY: initialised before the fork.
    unsafe { libc::sem_wait(lock) };
    let written = fs::write(file, "An Error is a Sweet Taste\n");
    // SAFETY: as above.
    unsafe { libc::sem_post(lock) };
    written?;
    println!("Data written to file successfully.");
    Ok(())
}

fn read(file: &OsStr, lock: *mut sem_t) -> Result {
    // SAFETY: initialised before the fork.
    unsafe { libc::sem_wait(lock) };
    let data = fs::read_to_string(file);
    // SAFETY: as above.
    unsafe { libc::sem_post(lock) };
    println!("Data read from file: {}", data?.trim_end());
    Ok(())
}

/// A semaphore that starts at 1 is a lock.
fn shared_lock() -> Result<*mut sem_t> {
    let length = NonZero::new(size_of::<sem_t>()).ok_or("empty")?;
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping overlaps nothing.
    let page =
        unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
    let lock = page.cast().as_ptr();
    // SAFETY: initialised where it stays.
    unsafe { libc::sem_init(lock, 1, 1) };
    Ok(lock)
}

/// Ends a child, and tells by its exit code how it went.
fn end(result: Result) -> ! {
    let code = match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("letter: {error}");
            1
        }
    };
    // SAFETY: ends the child without running the parent's code.
    unsafe { _exit(code) }
}
