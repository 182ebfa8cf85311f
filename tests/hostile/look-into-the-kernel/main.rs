//! Opens a counter of what the machine does.

use nix::libc;

fn main() {
    let attributes = [0_u8; 128];
    let attributes = attributes.as_ptr();
    // SAFETY: the attributes live over the call.
    let counter = unsafe {
        libc::syscall(libc::SYS_perf_event_open, attributes, 0, -1, -1, 0)
    };
    if counter >= 0 {
        println!("escaped");
    }
}
