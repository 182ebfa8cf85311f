//! The child runs on and says the parent's line too.

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid, getppid};

fn main() -> Result<(), nix::Error> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            println!("child {} of {}", getpid(), getppid());
        }
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
        }
    }
    println!("parent {}", getpid());
    Ok(())
}
