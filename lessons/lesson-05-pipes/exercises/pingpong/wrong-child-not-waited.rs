//! The parent has its pong, and ends.

use std::error::Error;
use std::io::{Read, Write, pipe};

use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut ping_read, mut ping_write) = pipe()?;
    let (mut pong_read, mut pong_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop((ping_write, pong_read));
            let mut byte = [0];
            ping_read.read_exact(&mut byte)?;
            println!("{}: received ping", getpid());
            pong_write.write_all(&byte)?;
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { .. } => {
            drop((ping_read, pong_write));
            ping_write.write_all(b"x")?;
            pong_read.read_exact(&mut [0])?;
            println!("{}: received pong", getpid());
            Ok(())
        }
    }
}
