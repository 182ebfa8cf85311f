//! The child stops itself when it wants the next number; the parent waits for
//! the stop before it continues it, so no SIGCONT comes too early.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let count: u64 =
        std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    let cell = share()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            for _ in 0..count {
                raise(Signal::SIGSTOP).ok();
                println!("got {}", cell.load(Acquire));
            }
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            let mut number = 0;
            loop {
                match waitpid(child, Some(WaitPidFlag::WUNTRACED))? {
                    WaitStatus::Stopped(..) => {
                        number += 1;
                        cell.store(number, Release);
                        kill(child, Signal::SIGCONT)?;
                    }
                    WaitStatus::Exited(_, 0) => return Ok(()),
                    status => {
                        return Err(format!("the child: {status:?}").into());
                    }
                }
            }
        }
    }
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
