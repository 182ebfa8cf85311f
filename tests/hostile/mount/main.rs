//! Mounts a file system.

use std::ptr;

use nix::libc;

fn main() {
    let (kind, at) = (c"tmpfs".as_ptr(), c"/tmp".as_ptr());
    // SAFETY: the strings live over the call.
    if unsafe { libc::mount(kind, at, kind, 0, ptr::null()) } == 0 {
        println!("escaped");
    }
}
