//! Fills the place of named memory.

use std::fs;

fn main() {
    let piece = vec![1; 8 << 20];
    for number in 0..20 {
        fs::write(format!("/dev/shm/hostile-mark-{number}"), &piece).ok();
    }
    loop {
        nix::unistd::pause();
    }
}
