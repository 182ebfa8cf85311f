//! Executes itself with the longest arguments there are, again and again.

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let long = "a".repeat(100_000);
    let me = std::env::current_exe().unwrap();
    Command::new(me).args([&long; 15]).exec();
}
