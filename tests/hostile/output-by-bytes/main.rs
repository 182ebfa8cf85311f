//! Prints without end, one byte at a time.

use nix::libc;

fn main() {
    loop {
        // SAFETY: one byte, which lives over the call.
        unsafe { libc::write(1, b"x".as_ptr().cast(), 1) };
    }
}
