//! Nobody stores where another one does: a slot for each process, and the parent
//! adds them up.

use std::env::args;
use std::error::Error;
use std::num::NonZero;
use std::slice;
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
    let slots = shared_slots(processes)?;
    let mut created = 0;
    let mut forked = Ok(());
    while forked.is_ok() && created < processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                for _ in 0..additions {
                    let slot = &slots[created as usize];
                    slot.store(slot.load(Relaxed) + 1, Relaxed);
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
    let value: u64 = slots.iter().map(|it| it.load(Relaxed)).sum();
    println!("Counter value: {}", value);
    Ok(())
}

/// Mapped until the end of the process.
fn shared_slots(count: u64) -> nix::Result<&'static [AtomicU64]> {
    let count = count as usize;
    let length = size_of::<AtomicU64>() * count.max(1);
    let length = NonZero::new(length).expect("at least 8");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping overlaps nothing.
    let page =
        unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
    // SAFETY: mapped, aligned to a page, all zero, and only used as atomics.
    Ok(unsafe { slice::from_raw_parts(page.cast().as_ptr(), count) })
}
