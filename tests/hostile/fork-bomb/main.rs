//! Forks without end.

use nix::unistd::fork;

fn main() {
    loop {
        // SAFETY: this process has one thread.
        unsafe { fork() }.ok();
    }
}
