//! A thread outlives the first one, in whose place others look, and takes all rights from a file of whoever runs it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;

use nix::libc;
use nix::unistd::gettid;

fn main() {
    let first = gettid();
    symlink("@CANARY@", "link").unwrap();
    thread::spawn(move || {
        let stat = format!("/proc/self/task/{first}/stat");
        while fs::read_to_string(&stat).is_ok_and(|it| !it.contains(") Z ")) {}
        let none = fs::Permissions::from_mode(0);
        let text = match fs::set_permissions("link", none) {
            Ok(()) => "escaped",
            Err(_) => "",
        };
        print!("{text}");
        fs::remove_file("link").ok();
        // SAFETY: nothing has to be dropped.
        unsafe { libc::_exit(0) }
    });
    // SAFETY: this thread has nothing to drop.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}
