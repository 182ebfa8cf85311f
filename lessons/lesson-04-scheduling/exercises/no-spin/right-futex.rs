//! The flag is a futex(2), common to both: the kernel wakes whoever waits.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};

use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

/// What both processes see.
struct Shared {
    /// The number that is handed over.
    cell: AtomicU64,
    /// 1 as long as there is a number that nobody has taken.
    flag: AtomicU32,
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
        set(&shared.flag, 1);
        wait_while(&shared.flag, 1);
    }
}

/// The child.
fn take(count: u64, shared: &Shared) {
    for _ in 0..count {
        wait_while(&shared.flag, 0);
        println!("got {}", shared.cell.load(Acquire));
        set(&shared.flag, 0);
    }
}

/// Waits until the flag is no longer `value`: the kernel looks once more
/// before it lets the caller sleep.
fn wait_while(flag: &AtomicU32, value: u32) {
    while flag.load(Acquire) == value {
        let none: *const libc::timespec = std::ptr::null();
        // SAFETY: the word lives as long as the mapping.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                flag.as_ptr(),
                libc::FUTEX_WAIT,
                value,
                none,
            )
        };
    }
}

fn set(flag: &AtomicU32, value: u32) {
    flag.store(value, Release);
    // SAFETY: the word lives as long as the mapping.
    unsafe {
        libc::syscall(libc::SYS_futex, flag.as_ptr(), libc::FUTEX_WAKE, 1)
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
