//! Many children, each with a little memory.

use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork, pause};

fn main() {
    for _ in 0..20 {
        // SAFETY: this process has one thread.
        if let Ok(ForkResult::Child) = unsafe { fork() } {
            let all = vec![1_u8; 20 << 20];
            std::hint::black_box(&all);
            pause();
        }
    }
    wait().ok();
}
