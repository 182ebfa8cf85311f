//! The number stays in the cell; a byte in a pipe says that it is there,
//! another one that it is taken.

use std::error::Error;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    let cell = share()?;
    let (there_read, there_write) = pipe()?;
    let (taken_read, taken_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop((there_write, taken_read));
            let taken = take(count, cell, there_read, taken_write)
                .inspect_err(|error| eprintln!("the child: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(taken.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop((there_read, taken_write));
            let given = give(count, cell, there_write, taken_read);
            let status = waitpid(child, None)?;
            given?;
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

/// The parent.
fn give(
    count: u64,
    cell: &AtomicU64,
    mut there: PipeWriter,
    mut taken: PipeReader,
) -> io::Result<()> {
    for number in 1..=count {
        cell.store(number, Release);
        there.write_all(b"!")?;
        taken.read_exact(&mut [0])?;
    }
    Ok(())
}

/// The child.
fn take(
    count: u64,
    cell: &AtomicU64,
    mut there: PipeReader,
    mut taken: PipeWriter,
) -> io::Result<()> {
    for _ in 0..count {
        there.read_exact(&mut [0])?;
        println!("got {}", cell.load(Acquire));
        taken.write_all(b"!")?;
    }
    Ok(())
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
