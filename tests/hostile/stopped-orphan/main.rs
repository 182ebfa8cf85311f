//! Leaves a stopped process behind.

use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() {
    // SAFETY: this process has one thread.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            raise(Signal::SIGSTOP).ok();
        }
        Ok(ForkResult::Parent { child }) => {
            waitpid(child, Some(WaitPidFlag::WUNTRACED)).ok();
        }
        Err(_) => {}
    }
}
