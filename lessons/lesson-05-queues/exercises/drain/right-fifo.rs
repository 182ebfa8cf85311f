//! A FIFO, whose name is gone as soon as both have it open.

use std::error::Error;
use std::fs::{File, OpenOptions, remove_file};
use std::io::{BufRead, BufReader, Write};

use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, mkfifo};

const NAME: &str = "queue";

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: drain N")?.parse()?;
    mkfifo(NAME, Mode::S_IRUSR | Mode::S_IWUSR)?;
    // SAFETY: this process has one thread.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            let produced = produce(count)
                .inspect_err(|error| eprintln!("the producer: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(produced.is_err())) }
        }
        Ok(ForkResult::Parent { child }) => {
            let consumed = consume();
            let status = waitpid(child, None)?;
            consumed?;
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the producer: {status:?}").into()),
            }
        }
        Err(errno) => {
            remove_file(NAME)?;
            Err(errno.into())
        }
    }
}

fn produce(count: u64) -> std::io::Result<()> {
    // open returns when the other side is there too.
    let mut queue = OpenOptions::new().write(true).open(NAME)?;
    for number in 1..=count {
        queue.write_all(format!("Item {number}\n").as_bytes())?;
    }
    Ok(())
}

fn consume() -> std::io::Result<()> {
    let queue = File::open(NAME)?;
    remove_file(NAME)?;
    for item in BufReader::new(queue).lines() {
        println!("Consumed: {}", item?);
    }
    Ok(())
}
