//! Makes a descriptor's owner the keeper: whatever happens to it sends SIGKILL there.

use std::io::pipe;
use std::os::fd::AsRawFd;

use nix::libc;
use nix::unistd::getppid;

fn main() {
    let Ok((from, _to)) = pipe() else { return };
    let keeper = getppid().as_raw();
    // SAFETY: numbers only.
    let owned = unsafe {
        libc::fcntl(from.as_raw_fd(), 10, libc::SIGKILL); // F_SETSIG
        libc::fcntl(from.as_raw_fd(), libc::F_SETOWN, keeper)
    };
    if owned == 0 {
        println!("escaped");
    }
}
