//! A vector: each process squares its own copy.

use std::env::args;
use std::error::Error;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use nix::libc::_exit;
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

fn shared(numbers: &[i64]) -> Result<Vec<AtomicI64>, Box<dyn Error>> {
    Ok(numbers.iter().map(|it| AtomicI64::new(*it)).collect())
}
