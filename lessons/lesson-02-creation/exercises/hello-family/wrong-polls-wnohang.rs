//! The parent asks without waiting, again and again.

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, getpid, getppid};

fn main() -> Result<(), nix::Error> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            println!("child {} of {}", getpid(), getppid());
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            let ask = Some(WaitPidFlag::WNOHANG);
            while waitpid(child, ask)? == WaitStatus::StillAlive {}
            println!("parent {}", getpid());
            Ok(())
        }
    }
}
