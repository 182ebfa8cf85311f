//! The child stops itself, and is continued when there is something: SIGCONT may come before the stop.

use std::error::Error;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

/// What both processes see.
struct Shared {
    /// The number that is handed over.
    cell: AtomicU64,
    /// 1 as long as there is a number that nobody has taken.
    flag: AtomicU64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    let shared = share()?;
    let (taken_read, taken_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(taken_read);
            let taken = take(count, shared, taken_write);
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(taken.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop(taken_write);
            give(count, shared, child, taken_read)?;
            match waitpid(child, None)? {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

/// The parent.
fn give(
    count: u64,
    shared: &Shared,
    child: Pid,
    mut taken: PipeReader,
) -> io::Result<()> {
    for number in 1..=count {
        shared.cell.store(number, Release);
        shared.flag.store(1, Release);
        kill(child, Signal::SIGCONT)?;
        taken.read_exact(&mut [0])?;
    }
    Ok(())
}

/// The child.
fn take(count: u64, shared: &Shared, mut taken: PipeWriter) -> io::Result<()> {
    for _ in 0..count {
        while shared.flag.load(Acquire) == 0 {
            raise(Signal::SIGSTOP)?;
        }
        println!("got {}", shared.cell.load(Acquire));
        shared.flag.store(0, Release);
        taken.write_all(b"!")?;
    }
    Ok(())
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
