//! Leaves a daemon behind that holds standard output open: who reads to its end waits.

use nix::libc;
use nix::unistd::{ForkResult, fork, pause, setsid};

fn main() {
    // SAFETY: this process has one thread.
    if let Ok(ForkResult::Parent { .. }) = unsafe { fork() } {
        return;
    }
    setsid().ok();
    // SAFETY: as above.
    if let Ok(ForkResult::Parent { .. }) = unsafe { fork() } {
        return;
    }
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        // SAFETY: no handler is installed.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    loop {
        pause();
    }
}
