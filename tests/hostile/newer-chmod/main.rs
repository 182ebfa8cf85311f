//! Takes all rights from a file of whoever runs it, by the youngest call that can.

use nix::libc;

fn main() {
    let path = c"@CANARY@";
    let number = 452; // fchmodat2
    // SAFETY: the path lives over the call.
    let changed = unsafe {
        libc::syscall(number, libc::AT_FDCWD, path.as_ptr(), 0, 0)
    };
    if changed == 0 {
        println!("escaped");
    }
}
