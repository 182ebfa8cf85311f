//! Stores only if nobody was there since the load, and else does not store.

use std::env::args;
use std::error::Error;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use nix::libc::_exit;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        args().skip(1).map(|it| it.parse()).collect::<Result<_, _>>()?;
    let [processes, additions] = numbers[..] else {
        return Err("usage: counter P N".into());
    };
    let counter = shared_counter()?;
    let mut created = 0;
    let mut forked = Ok(());
    while forked.is_ok() && created < processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                for _ in 0..additions {
                    let value = counter.load(Relaxed);
                    counter
                        .compare_exchange(value, value + 1, Relaxed, Relaxed)
                        .ok();
                }
                // SAFETY: ends the child without the parent's code.
                unsafe { _exit(0) }
            }
            Ok(ForkResult::Parent { .. }) => created += 1,
            Err(errno) => forked = Err(errno),
        }
    }
    for _ in 0..created {
        wait()?;
    }
    forked?;
    println!("Counter value: {}", counter.load(Relaxed));
    Ok(())
}

/// Mapped until the end of the process.
fn shared_counter() -> nix::Result<&'static AtomicU64> {
    let length = NonZero::new(size_of::<AtomicU64>()).expect("8");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping overlaps nothing.
    let page =
        unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
    // SAFETY: mapped, aligned to a page, all zero, and only used as an atomic.
    Ok(unsafe { page.cast().as_ref() })
}
