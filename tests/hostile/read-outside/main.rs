//! Reads a file of whoever runs it.

use std::fs;

fn main() {
    if let Ok(text) = fs::read_to_string("@CANARY@") {
        println!("escaped: {}", text.len());
    }
}
