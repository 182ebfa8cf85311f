//! Opens files with the longest names of control characters, as often as it can, in many processes.

use std::fs::File;

use nix::unistd::fork;

fn main() {
    for _ in 0..5 {
        // SAFETY: this process has one thread.
        unsafe { fork() }.ok();
    }
    let mut number = 0;
    loop {
        number += 1;
        let path = format!("{}{number}", "\u{1}".repeat(3900));
        File::open(path).ok();
    }
}
