//! Changes the flags of a file of the system, which it may only read.

use std::fs::File;
use std::os::fd::AsRawFd;

use nix::libc;

fn main() {
    let file = File::open("/etc/passwd").unwrap();
    let mut flags = 0_i64;
    // SAFETY: the number lives over both calls; the same is set that is read.
    unsafe {
        libc::ioctl(file.as_raw_fd(), 0x8008_6601, &raw mut flags);
        if libc::ioctl(file.as_raw_fd(), 0x4008_6602, &raw const flags) == 0 {
            println!("escaped");
        }
    }
}
