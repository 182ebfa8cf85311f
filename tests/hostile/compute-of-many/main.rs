//! Thirty processes compute without end.

use nix::unistd::{ForkResult, fork};

fn main() {
    for _ in 0..30 {
        // SAFETY: this process has one thread.
        if let Ok(ForkResult::Child) = unsafe { fork() } {
            break;
        }
    }
    loop {
        std::hint::spin_loop();
    }
}
