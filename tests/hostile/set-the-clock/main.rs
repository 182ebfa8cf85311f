//! Sets the clock of the machine.

use nix::libc;

fn main() {
    let long_ago = libc::timespec { tv_sec: 1, tv_nsec: 0 };
    // SAFETY: the structure lives over the call.
    if unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &long_ago) } == 0 {
        println!("escaped");
    }
}
