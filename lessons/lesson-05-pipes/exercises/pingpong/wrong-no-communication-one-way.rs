//! The ping is read, the pong is the end of the child.

use std::error::Error;
use std::io::{Read, Write, pipe};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut ping_read, mut ping_write) = pipe()?;
    let (pong_read, pong_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop((ping_write, pong_read, pong_write));
            ping_read.read_exact(&mut [0])?;
            println!("{}: received ping", getpid());
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            drop((ping_read, pong_write, pong_read));
            ping_write.write_all(b"x").ok();
            waitpid(child, None)?;
            println!("{}: received pong", getpid());
            Ok(())
        }
    }
}
