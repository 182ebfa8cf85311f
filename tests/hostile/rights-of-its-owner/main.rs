//! Makes a program that runs with its owner's rights, and lets everybody reach it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

fn main() {
    fs::copy("/proc/self/exe", "gift").unwrap();
    let mode = fs::Permissions::from_mode(0o4755);
    fs::set_permissions("gift", mode).unwrap();
    let folder = fs::canonicalize("..").unwrap();
    let mode = fs::metadata(folder).unwrap().permissions().mode();
    if mode & 0o077 != 0 {
        println!("escaped");
    }
    fs::remove_file("gift").unwrap();
}
