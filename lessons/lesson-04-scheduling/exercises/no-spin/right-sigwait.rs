//! Two signals are blocked before the fork: each stays until sigwait(3) takes it.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getppid};

/// What both processes see.
struct Shared {
    /// The number that is handed over.
    cell: AtomicU64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    let shared = share()?;
    let word = SigSet::from(Signal::SIGUSR1);
    word.thread_block()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let taken = take(count, shared, word);
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(taken.is_err())) }
        }
        ForkResult::Parent { child } => {
            give(count, shared, child, word)?;
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
    word: SigSet,
) -> nix::Result<()> {
    for number in 1..=count {
        shared.cell.store(number, Release);
        kill(child, Signal::SIGUSR1)?;
        word.wait()?;
    }
    Ok(())
}

/// The child.
fn take(count: u64, shared: &Shared, word: SigSet) -> nix::Result<()> {
    for _ in 0..count {
        word.wait()?;
        println!("got {}", shared.cell.load(Acquire));
        kill(getppid(), Signal::SIGUSR1)?;
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
