//! Two counters of eventfd(2): who reads one waits until it is not 0.

use std::error::Error;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, read};

fn main() -> Result<(), Box<dyn Error>> {
    let count: u64 =
        std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    let cell = share()?;
    let there = EventFd::from_flags(EfdFlags::empty())?;
    let taken = EventFd::from_flags(EfdFlags::empty())?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            for _ in 0..count {
                wait(&there);
                println!("got {}", cell.load(Acquire));
                taken.write(1).ok();
            }
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            for number in 1..=count {
                cell.store(number, Release);
                there.write(1)?;
                wait(&taken);
            }
            match waitpid(child, None)? {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

fn wait(counter: &EventFd) {
    while read(counter.as_fd(), &mut [0; 8]) == Err(Errno::EINTR) {}
}

/// Memory that stays common behind a fork.
fn share() -> nix::Result<&'static AtomicU64> {
    let length = NonZeroUsize::new(8).expect("8 is not 0");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: new memory, all zeros, which is never unmapped.
    unsafe {
        let memory =
            mmap_anonymous(None, length, access, MapFlags::MAP_SHARED)?;
        Ok(memory.cast::<AtomicU64>().as_ref())
    }
}
