//! Reads the memory of whoever follows its calls.

use nix::libc;
use nix::unistd::getppid;

fn main() {
    let keeper = getppid().as_raw();
    let mut buffer = [0_u8; 8];
    let own = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: 8 };
    let theirs = libc::iovec { iov_base: 0x40_0000 as *mut _, iov_len: 8 };
    // SAFETY: the buffer is this function's; the other address is another's.
    let read =
        unsafe { libc::process_vm_readv(keeper, &own, 1, &theirs, 1, 0) };
    if read >= 0 {
        println!("escaped");
    }
}
