//! Waits for a child of vfork that never executes anything, in a way that only SIGKILL ends.

use nix::libc;

fn main() {
    // SAFETY: the child calls nothing but pause.
    unsafe {
        #[allow(deprecated)]
        let child = libc::vfork();
        if child == 0 {
            loop {
                libc::pause();
            }
        }
    }
}
