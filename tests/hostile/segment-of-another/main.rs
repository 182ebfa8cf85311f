//! Attaches a shared memory segment of whoever runs it, and removes it and a queue.

use std::ffi::CStr;
use std::ptr;

use nix::libc;

fn main() {
    // SAFETY: a segment that another has made holds a text.
    unsafe {
        let at = libc::shmat(@SEGMENT@, ptr::null(), libc::SHM_RDONLY);
        if at as isize != -1 {
            println!("escaped: {:?}", CStr::from_ptr(at.cast()));
        }
        libc::shmctl(@SEGMENT@, libc::IPC_RMID, ptr::null_mut());
        libc::msgctl(@QUEUE@, libc::IPC_RMID, ptr::null_mut());
    }
}
