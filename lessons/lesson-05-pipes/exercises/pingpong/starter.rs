use std::error::Error;
use std::io::{Read, Write, pipe};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    // SAFETY: this process has one thread.
    let forked = unsafe { fork() }?;
    let (mut ping_read, mut ping_write) = pipe()?;
    let (mut pong_read, mut pong_write) = pipe()?;
    match forked {
        ForkResult::Child => {
            drop(ping_write);
            let mut byte = Vec::new();
            ping_read.read_to_end(&mut byte)?;
            println!("{}: received ping", getpid());
            pong_write.write_all(&byte)?;
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            ping_write.write_all(b"x").ok();
            drop(ping_write);
            waitpid(child, None)?;
            drop(pong_write);
            let mut byte = Vec::new();
            pong_read.read_to_end(&mut byte)?;
            println!("{}: received pong", getpid());
            Ok(())
        }
    }
}
