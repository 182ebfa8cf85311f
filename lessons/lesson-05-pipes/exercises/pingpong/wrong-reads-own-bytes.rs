//! One pipe for both directions: the parent reads its own byte.

use std::error::Error;
use std::io::{Read, Write, pipe};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut read_end, mut write_end) = pipe()?;
    let mut byte = [0];
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            read_end.read_exact(&mut byte)?;
            println!("{}: received ping", getpid());
            write_end.write_all(&byte)?;
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            write_end.write_all(b"x")?;
            read_end.read_exact(&mut byte)?;
            println!("{}: received pong", getpid());
            write_end.write_all(b"x")?;
            waitpid(child, None)?;
            Ok(())
        }
    }
}
