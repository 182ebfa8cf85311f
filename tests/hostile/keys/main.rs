//! Reads the keys that the kernel keeps for its user.

use nix::libc;
use nix::unistd::getppid;

fn main() {
    let keeper = getppid().as_raw();
    // SAFETY: the arguments are numbers, or memory of this function.
    let done = unsafe { libc::syscall(libc::SYS_keyctl, 0, -4, keeper & 0) };
    if done >= 0 {
        println!("escaped");
    }
}
