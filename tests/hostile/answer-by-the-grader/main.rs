//! Puts a link to the right content where the grader expects a file.

use std::os::unix::fs::symlink;

fn main() {
    symlink("@WANTED@", "result").unwrap();
}
