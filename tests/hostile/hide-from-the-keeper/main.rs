//! Lets nobody look into it, and changes a file of whoever runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::sys::prctl;

fn main() {
    prctl::set_dumpable(false).ok();
    let none = fs::Permissions::from_mode(0);
    if fs::set_permissions("@CANARY@", none).is_ok() {
        println!("escaped");
    }
}
