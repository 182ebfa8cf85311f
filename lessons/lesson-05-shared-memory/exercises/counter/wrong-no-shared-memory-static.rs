//! A static: each process has its own copy of it.

use std::env::args;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use nix::libc::_exit;
use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork};

static COUNTER: AtomicU64 = AtomicU64::new(0);

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        args().skip(1).map(|it| it.parse()).collect::<Result<_, _>>()?;
    let [processes, additions] = numbers[..] else {
        return Err("usage: counter P N".into());
    };
    let mut created = 0;
    let mut forked = Ok(());
    while forked.is_ok() && created < processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                for _ in 0..additions {
                    COUNTER.fetch_add(1, Relaxed);
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
    println!("Counter value: {}", COUNTER.load(Relaxed));
    Ok(())
}
