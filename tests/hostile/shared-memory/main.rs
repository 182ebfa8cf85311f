//! Takes memory that no limit on a process's own counts.

use std::ptr;

use nix::libc;

fn main() {
    const LENGTH: usize = 1 << 30;
    // SAFETY: a new mapping; it is written within its length.
    unsafe {
        let at = libc::mmap(
            ptr::null_mut(),
            LENGTH,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if at != libc::MAP_FAILED {
            ptr::write_bytes(at.cast::<u8>(), 1, LENGTH);
        }
    }
    loop {
        std::thread::park();
    }
}
