//! No cell: the numbers themselves go through a pair of sockets, and come
//! back when they are printed.

use std::error::Error;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    let (mine, theirs) = UnixStream::pair()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(mine);
            let taken = take(theirs)
                .inspect_err(|error| eprintln!("the child: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(taken.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop(theirs);
            let given = give(count, mine);
            let status = waitpid(child, None)?;
            given?;
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

fn give(count: u64, mut end: UnixStream) -> io::Result<()> {
    let mut number = [0; 8];
    for next in 1..=count {
        end.write_all(&next.to_le_bytes())?;
        end.read_exact(&mut number)?;
    }
    Ok(())
}

fn take(mut end: UnixStream) -> io::Result<()> {
    let mut number = [0; 8];
    loop {
        match end.read(&mut number)? {
            0 => return Ok(()),
            length => end.read_exact(&mut number[length..])?,
        }
        println!("got {}", u64::from_le_bytes(number));
        end.write_all(&number)?;
    }
}
