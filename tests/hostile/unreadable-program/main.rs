//! Executes a copy of itself that nobody may read, and changes a file of whoever runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    if std::env::args().count() == 1 {
        fs::copy("/proc/self/exe", "copy").unwrap();
        fs::set_permissions("copy", fs::Permissions::from_mode(0o111)).unwrap();
        Command::new("./copy").arg("again").exec();
        return;
    }
    fs::remove_file("copy").ok();
    let none = fs::Permissions::from_mode(0);
    if fs::set_permissions("@CANARY@", none).is_ok() {
        println!("escaped");
    }
}
