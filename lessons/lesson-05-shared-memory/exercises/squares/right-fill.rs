//! A file in memory: the numbers are written into it like into any file, and
//! then it is mapped.

use std::env::args;
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::num::NonZero;
use std::slice;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use nix::libc::_exit;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap};
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
                square(&cells[bound(created)..bound(created + 1)]);
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
    let object = memfd_create("numbers", MFdFlags::MFD_CLOEXEC)?;
    let mut object = File::from(object);
    for number in numbers {
        object.write_all(&number.to_ne_bytes())?;
    }
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    let flag = MapFlags::MAP_SHARED;
    // SAFETY: a new mapping overlaps nothing.
    let page = unsafe { mmap(None, length, access, flag, &object, 0) }?;
    let start = page.cast().as_ptr();
    // SAFETY: mapped, aligned to a page, as long as the numbers, and only
    // used as atomics.
    Ok(unsafe { slice::from_raw_parts(start, numbers.len()) })
}
