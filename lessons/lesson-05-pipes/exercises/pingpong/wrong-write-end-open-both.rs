//! Both read to the end, and nobody closes anything.

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
            let mut byte = Vec::new();
            ping_read.read_to_end(&mut byte)?;
            println!("{}: received ping", getpid());
            pong_write.write_all(&byte)?;
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            ping_write.write_all(b"x")?;
            let mut byte = Vec::new();
            pong_read.read_to_end(&mut byte)?;
            println!("{}: received pong", getpid());
            waitpid(child, None)?;
            Ok(())
        }
    }
}
