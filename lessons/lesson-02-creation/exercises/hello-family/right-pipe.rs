//! The end of file of a pipe says that the child has spoken.

use std::error::Error;
use std::io::{Read, Write, pipe, stdout};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid, getppid};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut read_end, write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(read_end);
            writeln!(stdout(), "child {} of {}", getpid(), getppid())?;
            drop(write_end);
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            drop(write_end);
            read_end.read_to_end(&mut Vec::new())?;
            println!("parent {}", getpid());
            waitpid(child, None)?;
            Ok(())
        }
    }
}
