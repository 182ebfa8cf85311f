//! Queues signals to itself until no user can queue one, and waits.

use nix::libc;
use nix::sys::signal::SigSet;

fn main() {
    SigSet::all().thread_block().ok();
    let own = std::process::id() as i32;
    let value = libc::sigval { sival_ptr: std::ptr::null_mut() };
    // SAFETY: numbers only.
    while unsafe { libc::sigqueue(own, libc::SIGRTMIN(), value) } == 0 {}
    loop {
        nix::unistd::sleep(1);
    }
}
