//! Removes and renames files of whoever runs it.

use std::fs;

fn main() {
    let gone = fs::remove_file("@CANARY@").is_ok();
    if gone || fs::rename("@CANARY@", "@CANARY@.old").is_ok() {
        println!("escaped");
    }
}
