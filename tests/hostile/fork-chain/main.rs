//! Each process makes one more and ends: there is never more than a few.

use nix::unistd::{ForkResult, fork};

fn main() {
    loop {
        // SAFETY: this process has one thread.
        if let Ok(ForkResult::Parent { .. }) = unsafe { fork() } {
            return;
        }
    }
}
