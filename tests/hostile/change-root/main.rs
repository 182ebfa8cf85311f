//! Takes another root directory.

use nix::libc;

fn main() {
    // SAFETY: the arguments are numbers, or strings that live over the call.
    if unsafe { libc::chroot(c".".as_ptr()) } == 0 {
        println!("escaped");
    }
}
