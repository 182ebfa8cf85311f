//! The signal is unblocked, and then waited for: it may come in between.

use std::error::Error;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::libc::c_int;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::signal::{SigHandler, SigSet, Signal, kill, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pause};

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
    let word = SigSet::from(Signal::SIGUSR1);
    word.thread_block()?;
    // SAFETY: the handler does nothing.
    unsafe { signal(Signal::SIGUSR1, SigHandler::Handler(nothing)) }?;
    let (taken_read, taken_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(taken_read);
            let taken = take(count, shared, word, taken_write);
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

extern "C" fn nothing(_: c_int) {}

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
        kill(child, Signal::SIGUSR1)?;
        taken.read_exact(&mut [0])?;
    }
    Ok(())
}

/// The child.
fn take(
    count: u64,
    shared: &Shared,
    word: SigSet,
    mut taken: PipeWriter,
) -> io::Result<()> {
    for _ in 0..count {
        while shared.flag.load(Acquire) == 0 {
            word.thread_unblock()?;
            pause();
            word.thread_block()?;
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
