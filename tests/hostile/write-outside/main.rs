//! Overwrites a file of whoever runs it.

use std::fs;

fn main() {
    if fs::write("@CANARY@", "hostile").is_ok() {
        println!("escaped");
    }
}
