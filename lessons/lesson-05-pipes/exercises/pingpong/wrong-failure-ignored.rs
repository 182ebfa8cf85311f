//! Whatever read returns, the byte counts as received.

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
            drop((ping_write, pong_read));
            ping_read.read(&mut [0]).ok();
            println!("{}: received ping", getpid());
            pong_write.write_all(b"x")?;
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            drop((ping_read, pong_write));
            ping_write.write_all(b"x").ok();
            pong_read.read(&mut [0]).ok();
            println!("{}: received pong", getpid());
            waitpid(child, None)?;
            Ok(())
        }
    }
}
