//! Gives a socket to whoever follows its calls, by a request of its own kind.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use nix::libc;
use nix::unistd::getppid;

fn main() {
    let (one, _other) = UnixStream::pair().unwrap();
    let keeper = getppid().as_raw();
    // SAFETY: the number lives over the call.
    let set = unsafe {
        libc::ioctl(one.as_raw_fd(), 0x8901, &raw const keeper)
    };
    if set == 0 {
        println!("escaped");
    }
}
