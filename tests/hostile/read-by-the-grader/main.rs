//! Puts a link to a secret where the grader expects a file.

use std::os::unix::fs::symlink;

fn main() {
    symlink("@CANARY@", "result").unwrap();
}
