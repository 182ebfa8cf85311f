//! Runs what would make it root.

use std::process::Command;

fn main() {
    for name in ["/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount"] {
        let done = Command::new(name).arg("--help").output();
        if done.is_err() {
            println!("no {name}");
        }
    }
}
