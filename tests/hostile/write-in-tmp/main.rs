//! Writes into a folder that everybody may write to.

use std::fs;

fn main() {
    if fs::write("/tmp/hostile-mark", "here").is_ok() {
        println!("escaped");
    }
}
