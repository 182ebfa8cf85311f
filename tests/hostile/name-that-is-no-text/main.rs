//! Takes all rights from a file of whoever runs it, through a link whose name is no text.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

fn main() {
    let link = OsStr::from_bytes(b"\xff");
    symlink("@CANARY@", link).unwrap();
    let none = fs::Permissions::from_mode(0);
    if fs::set_permissions(link, none).is_ok() {
        println!("escaped");
    }
    fs::remove_file(link).unwrap();
}
