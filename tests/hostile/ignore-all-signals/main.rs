//! Ignores whatever can be ignored, and sleeps.

use nix::libc;
use nix::unistd::pause;

fn main() {
    for signal in 1..65 {
        // SAFETY: no handler is installed.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    loop {
        pause();
    }
}
