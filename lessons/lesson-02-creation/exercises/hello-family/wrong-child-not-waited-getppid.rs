//! The child asks for its parent when that may be gone.

use std::io::{Read, Write, pipe};

use nix::unistd::{ForkResult, fork, getpid, getppid};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut read_end, mut write_end) = pipe()?;
    let text = |line: String| println!("{line}");
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(read_end);
            write_end.write_all(b"x")?;
            text(format!("child {} of {}", getpid(), getppid()));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { .. } => {
            drop(write_end);
            read_end.read_exact(&mut [0])?;
            text(format!("parent {}", getpid()));
            Ok(())
        }
    }
}
