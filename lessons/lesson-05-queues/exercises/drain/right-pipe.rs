//! A pipe, a line for each item: the parent consumes what its child produces.

use std::error::Error;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: drain N")?.parse()?;
    let (read_end, write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(read_end);
            let produced = produce(count, write_end)
                .inspect_err(|error| eprintln!("the producer: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(produced.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop(write_end);
            let consumed = consume(read_end);
            let status = waitpid(child, None)?;
            consumed?;
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the producer: {status:?}").into()),
            }
        }
    }
}

fn produce(count: u64, mut write_end: PipeWriter) -> std::io::Result<()> {
    for number in 1..=count {
        writeln!(write_end, "Item {number}")?;
    }
    Ok(())
}

fn consume(read_end: PipeReader) -> std::io::Result<()> {
    for item in BufReader::new(read_end).lines() {
        println!("Consumed: {}", item?);
    }
    Ok(())
}
