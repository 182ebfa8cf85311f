//! Makes whoever follows its calls as nice as can be.

use nix::libc;
use nix::unistd::getppid;

fn main() {
    let keeper = getppid().as_raw();
    // SAFETY: the arguments are numbers, or memory of this function.
    let done =
        unsafe { libc::setpriority(libc::PRIO_PROCESS, keeper as u32, 19) };
    if done >= 0 {
        println!("escaped");
    }
}
