//! The child speaks first, through a pipe; nobody waits for its end.

use std::io::{Read, Write, pipe};

use nix::unistd::{ForkResult, fork, getpid, getppid};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut read_end, mut write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(read_end);
            println!("child {} of {}", getpid(), getppid());
            write_end.write_all(b"x")?;
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { .. } => {
            drop(write_end);
            read_end.read_exact(&mut [0])?;
            println!("parent {}", getpid());
            Ok(())
        }
    }
}
