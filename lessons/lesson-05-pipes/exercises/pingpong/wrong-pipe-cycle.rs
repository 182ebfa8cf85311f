//! Each waits for the other to begin.

use std::error::Error;
use std::io::{Read, Write, pipe};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut ping_read, mut ping_write) = pipe()?;
    let (mut pong_read, mut pong_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            ping_read.read_exact(&mut [0])?;
            println!("{}: received ping", getpid());
            pong_write.write_all(b"x")?;
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            pong_read.read_exact(&mut [0])?;
            println!("{}: received pong", getpid());
            ping_write.write_all(b"x")?;
            waitpid(child, None)?;
            Ok(())
        }
    }
}
