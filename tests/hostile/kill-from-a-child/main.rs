//! A child kills its grandparent.

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getppid};

fn main() {
    let keeper = getppid();
    // SAFETY: this process has one thread.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            kill(keeper, Signal::SIGKILL).ok();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) }
        }
        Ok(ForkResult::Parent { child }) => {
            waitpid(child, None).ok();
        }
        Err(_) => {}
    }
}
