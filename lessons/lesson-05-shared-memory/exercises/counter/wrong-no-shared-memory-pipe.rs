//! Each process counts for itself, and sends what it has through a pipe.

use std::env::args;
use std::error::Error;
use std::io::{Read, Write, pipe};

use nix::libc::_exit;
use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        args().skip(1).map(|it| it.parse()).collect::<Result<_, _>>()?;
    let [processes, additions] = numbers[..] else {
        return Err("usage: counter P N".into());
    };
    let (mut sums, mut sum) = pipe()?;
    let mut created = 0;
    let mut forked = Ok(());
    while forked.is_ok() && created < processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                let own = (0..additions).map(|_| 1).sum::<u64>();
                sum.write_all(&own.to_ne_bytes())?;
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
    drop(sum);
    let mut all = Vec::new();
    sums.read_to_end(&mut all)?;
    let values = all.chunks_exact(8).filter_map(|it| it.try_into().ok());
    let value: u64 = values.map(u64::from_ne_bytes).sum();
    println!("Counter value: {value}");
    Ok(())
}
