//! Leaves a daemon behind, in a session of its own and deaf to signals.

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
    for fd in 0..3 {
        // SAFETY: nothing uses them from here on.
        unsafe { libc::close(fd) };
    }
    loop {
        pause();
    }
}
