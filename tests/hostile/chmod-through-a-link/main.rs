//! Takes all rights from a file of whoever runs it, through a symbolic link of its own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

fn main() {
    symlink("@CANARY@", "link").ok();
    let none = fs::Permissions::from_mode(0);
    if fs::set_permissions("link", none).is_ok() {
        println!("escaped");
    }
    fs::remove_file("link").ok();
}
