//! Overwrites a file of whoever runs it, through a symbolic link of its own.

use std::fs;
use std::os::unix::fs::symlink;

fn main() {
    symlink("@CANARY@", "link").ok();
    if fs::write("link", "hostile").is_ok() {
        println!("escaped");
    }
    fs::remove_file("link").ok();
}
