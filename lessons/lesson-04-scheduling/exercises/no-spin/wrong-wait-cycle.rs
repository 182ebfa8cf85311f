//! Between the look at the flag and the wait for the bell, the bell may ring.

use std::error::Error;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};

use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

/// What both processes see.
struct Shared {
    cell: AtomicU64,
    /// 1 as long as there is a number that nobody has taken.
    flag: AtomicU64,
    /// A futex that is rung, and always 0.
    bell: AtomicU32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    let shared = share()?;
    let (taken_read, taken_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(taken_read);
            let taken = take(count, shared, taken_write)
                .inspect_err(|error| eprintln!("the child: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(taken.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop(taken_write);
            let given = give(count, shared, taken_read);
            let status = waitpid(child, None)?;
            given?;
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

/// The parent.
fn give(count: u64, shared: &Shared, mut taken: PipeReader) -> io::Result<()> {
    for number in 1..=count {
        shared.cell.store(number, Release);
        shared.flag.store(1, Release);
        futex(&shared.bell, libc::FUTEX_WAKE, 1);
        taken.read_exact(&mut [0])?;
    }
    Ok(())
}

/// The child.
fn take(count: u64, shared: &Shared, mut taken: PipeWriter) -> io::Result<()> {
    for _ in 0..count {
        while shared.flag.load(Acquire) == 0 {
            futex(&shared.bell, libc::FUTEX_WAIT, 0);
        }
        println!("got {}", shared.cell.load(Acquire));
        shared.flag.store(0, Release);
        taken.write_all(b"!")?;
    }
    Ok(())
}

fn futex(word: &AtomicU32, operation: i32, value: u32) {
    let none: *const libc::timespec = std::ptr::null();
    // SAFETY: the word lives as long as the mapping.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, none)
    };
}

/// Memory that stays common behind a fork.
fn share() -> nix::Result<&'static Shared> {
    let length = NonZeroUsize::new(size_of::<Shared>()).expect("it has fields");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: new memory, all zeros, which is never unmapped.
    unsafe {
        let memory =
            mmap_anonymous(None, length, access, MapFlags::MAP_SHARED)?;
        Ok(memory.cast::<Shared>().as_ref())
    }
}
