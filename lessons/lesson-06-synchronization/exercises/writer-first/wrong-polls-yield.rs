//! A flag in shared memory; the reader gives the CPU away until it is set.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::num::NonZero;

use nix::libc::_exit;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};

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
    let mut statuses = Vec::new();
    if let Ok(writer) = writer {
        statuses.push(waitpid(writer, None)?);
    }
    let is_written = matches!(statuses[..], [WaitStatus::Exited(_, 0)]);
    if !is_written {
        kill(reader, Signal::SIGKILL)?;
    }
    statuses.push(waitpid(reader, None)?);
    writer?;
    let is_well = |it: &WaitStatus| matches!(it, WaitStatus::Exited(_, 0));
    match statuses.iter().all(is_well) {
        true => Ok(()),
        false => Err("one of the two has failed".into()),
    }
}

fn write(file: &OsStr, lock: &AtomicBool) -> Result {
    fs::write(file, "An Error is a Sweet Taste\n")?;
    println!("Data written to file successfully.");
    lock.store(true, Release);
    Ok(())
}

fn read(file: &OsStr, lock: &AtomicBool) -> Result {
    while !lock.load(Acquire) {
        std::thread::yield_now();
    }
    let data = fs::read_to_string(file)?;
    println!("Data read from file: {}", data.trim_end());
    Ok(())
}

/// A semaphore that starts at 0: the first who comes waits.
fn shared_lock() -> Result<&'static AtomicBool> {
    let length = NonZero::new(size_of::<AtomicBool>()).ok_or("empty")?;
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping overlaps nothing.
    let page =
        unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
    // SAFETY: mapped until the end of the process, all zero.
    Ok(unsafe { page.cast().as_ref() })
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
