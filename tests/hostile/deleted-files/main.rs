//! Writes many files, each below the limit and without a name.

use std::fs::{self, File};
use std::io::Write;

fn main() {
    let piece = vec![1; 8 << 20];
    let mut open = Vec::new();
    for _ in 0..60 {
        let mut file = File::create("piece").unwrap();
        fs::remove_file("piece").ok();
        if file.write_all(&piece).is_err() {
            break;
        }
        open.push(file);
    }
    loop {
        nix::unistd::pause();
    }
}
