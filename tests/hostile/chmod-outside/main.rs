//! Takes all rights from a file of whoever runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

fn main() {
    let none = fs::Permissions::from_mode(0);
    if fs::set_permissions("@CANARY@", none).is_ok() {
        println!("escaped");
    }
}
