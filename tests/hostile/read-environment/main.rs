//! Looks for secrets in the environment of whoever follows its calls.

use std::fs;

use nix::unistd::getppid;

fn main() {
    let environment = fs::read(format!("/proc/{}/environ", getppid()));
    if environment.is_ok_and(|it| !it.is_empty()) {
        println!("escaped");
    }
    if std::env::vars_os().count() > 4 {
        println!("its own environment holds more than it needs");
    }
}
