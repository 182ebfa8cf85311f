//! One lock for all numbers, taken for each of them.

use std::env::args;
use std::error::Error;
use std::fs::File;
use std::num::NonZero;
use std::slice;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use nix::fcntl::{Flock, FlockArg};
use nix::libc::_exit;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<i64> =
        args().skip(1).map(|it| it.parse()).collect::<Result<_, _>>()?;
    let (processes, numbers) =
        words.split_first().ok_or("usage: squares K [NUMBER...]")?;
    let processes = usize::try_from(*processes)?;
    let cells = shared(numbers)?;
    let mut created = 0;
    let mut forked = Ok(());
    while forked.is_ok() && created < processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                let bound = |k: usize| cells.len() * k / processes;
                for cell in &cells[bound(created)..bound(created + 1)] {
                    let own = File::open("/proc/self/exe")?;
                    let _lock = Flock::lock(own, FlockArg::LockExclusive)
                        .map_err(|(_, errno)| errno)?;
                    square(std::slice::from_ref(cell));
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
    let squares: Vec<i64> = cells.iter().map(|it| it.load(Relaxed)).collect();
    println!("Shared numbers: {squares:?}");
    Ok(())
}

fn square(cells: &[AtomicI64]) {
    for cell in cells {
        let number = cell.load(Relaxed);
        cell.store(number * number, Relaxed);
    }
}

/// An array that processes created later share; mapped until the end.
fn shared(numbers: &[i64]) -> Result<&'static [AtomicI64], Box<dyn Error>> {
    let Some(length) = NonZero::new(size_of_val(numbers)) else {
        return Ok(&[]); // nobody can map nothing
    };
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping overlaps nothing.
    let page =
        unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
    let start = page.cast().as_ptr();
    // SAFETY: mapped, aligned to a page, all zero, and only used as atomics.
    let cells: &[AtomicI64] =
        unsafe { slice::from_raw_parts(start, numbers.len()) };
    for (cell, number) in cells.iter().zip(numbers) {
        cell.store(*number, Relaxed);
    }
    Ok(cells)
}
