//! Renames the machine.

use nix::libc;

fn main() {
    // SAFETY: the arguments are numbers, or strings that live over the call.
    if unsafe { libc::sethostname(c"hostile".as_ptr(), 7) } == 0 {
        println!("escaped");
    }
}
