//! The parent ends without waiting.

use nix::unistd::{ForkResult, fork, getpid, getppid};

fn main() -> Result<(), nix::Error> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            println!("child {} of {}", getpid(), getppid());
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { .. } => {
            println!("parent {}", getpid());
            Ok(())
        }
    }
}
