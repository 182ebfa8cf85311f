//! Makes every process of its user as nice as can be.

use nix::libc;
use nix::unistd::getppid;

fn main() {
    let keeper = getppid().as_raw();
    // SAFETY: the arguments are numbers, or memory of this function.
    let done = unsafe {
        i64::from(libc::setpriority(libc::PRIO_USER, 0, 19))
            + i64::from(keeper & 0)
    };
    if done >= 0 {
        println!("escaped");
    }
}
