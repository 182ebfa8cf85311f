//! A ring in memory that both processes share, and two semaphores that count
//! its items and its room; 0 is the end.

use std::cell::UnsafeCell;
use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

const SLOTS: usize = 64;

struct Ring {
    slots: [AtomicU64; SLOTS],
    items: UnsafeCell<libc::sem_t>,
    room: UnsafeCell<libc::sem_t>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let count: u64 =
        std::env::args().nth(1).ok_or("usage: drain N")?.parse()?;
    let ring = ring()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            for (number, slot) in (1..=count).chain([0]).zip((0..SLOTS).cycle())
            {
                wait(&ring.room);
                ring.slots[slot].store(number, Release);
                post(&ring.items);
            }
            // SAFETY: ends the child without running the parent's code.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            for slot in (0..SLOTS).cycle() {
                wait(&ring.items);
                match ring.slots[slot].load(Acquire) {
                    0 => break,
                    number => println!("Consumed: Item {number}"),
                }
                post(&ring.room);
            }
            match waitpid(child, None)? {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the producer: {status:?}").into()),
            }
        }
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

fn ring() -> nix::Result<&'static Ring> {
    let length = NonZeroUsize::new(size_of::<Ring>()).expect("it has fields");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: new memory, all zeros, which is never unmapped; the second
    // argument of sem_init says: between processes.
    unsafe {
        let memory =
            mmap_anonymous(None, length, access, MapFlags::MAP_SHARED)?;
        let ring: &Ring = memory.cast().as_ref();
        libc::sem_init(ring.items.get(), 1, 0);
        libc::sem_init(ring.room.get(), 1, SLOTS as libc::c_uint);
        Ok(ring)
    }
}
