//! Each of the two looks at the flag every millisecond.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

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
        shared.flag.store(1, Release);
        while shared.flag.load(Acquire) == 1 {
            sleep(Duration::from_millis(1));
        }
    }
}

/// The child.
fn take(count: u64, shared: &Shared) {
    for _ in 0..count {
        while shared.flag.load(Acquire) == 0 {
            sleep(Duration::from_millis(1));
        }
        println!("got {}", shared.cell.load(Acquire));
        shared.flag.store(0, Release);
    }
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
