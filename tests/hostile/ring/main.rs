//! Makes calls through a ring, where no filter sees them.

use nix::libc;

fn main() {
    let mut parameters = [0_u8; 120];
    let parameters = parameters.as_mut_ptr();
    // SAFETY: the structure has room for all that the kernel writes.
    let ring =
        unsafe { libc::syscall(libc::SYS_io_uring_setup, 4, parameters) };
    if ring >= 0 {
        println!("escaped");
    }
}
