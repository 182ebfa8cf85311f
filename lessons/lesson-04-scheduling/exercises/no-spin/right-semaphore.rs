//! Two semaphores in the shared memory, made for processes.

use std::cell::UnsafeCell;
use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

/// What both processes see.
struct Shared {
    /// The number that is handed over.
    cell: AtomicU64,
    there: UnsafeCell<libc::sem_t>,
    taken: UnsafeCell<libc::sem_t>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    let shared = share()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            take(count, shared);
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            give(count, shared);
            match waitpid(child, None)? {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

/// The parent.
fn give(count: u64, shared: &Shared) {
    for number in 1..=count {
        shared.cell.store(number, Release);
        post(&shared.there);
        wait(&shared.taken);
    }
}

/// The child.
fn take(count: u64, shared: &Shared) {
    for _ in 0..count {
        wait(&shared.there);
        println!("got {}", shared.cell.load(Acquire));
        post(&shared.taken);
    }
}

fn post(semaphore: &UnsafeCell<libc::sem_t>) {
    // SAFETY: it was made by sem_init, and is never destroyed.
    unsafe { libc::sem_post(semaphore.get()) };
}

fn wait(semaphore: &UnsafeCell<libc::sem_t>) {
    // SAFETY: it was made by sem_init, and is never destroyed.
    while unsafe { libc::sem_wait(semaphore.get()) } != 0 {}
}

/// Memory that stays common behind a fork.
fn share() -> nix::Result<&'static Shared> {
    let length = NonZeroUsize::new(size_of::<Shared>()).expect("it has fields");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: new memory, all zeros, which is never unmapped.
    unsafe {
        let memory =
            mmap_anonymous(None, length, access, MapFlags::MAP_SHARED)?;
        let shared: &Shared = memory.cast().as_ref();
        // The second argument says: between processes.
        libc::sem_init(shared.there.get(), 1, 0);
        libc::sem_init(shared.taken.get(), 1, 0);
        Ok(shared)
    }
}
