//! Gives whoever follows its calls one second of CPU time.

use std::ptr;

use nix::libc;
use nix::unistd::getppid;

fn main() {
    let limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    let keeper = getppid().as_raw();
    // SAFETY: the structure lives over the call.
    let set = unsafe {
        libc::prlimit(keeper, libc::RLIMIT_CPU, &limit, ptr::null_mut())
    };
    if set == 0 {
        println!("escaped");
    }
}
