//! Makes files where no path leads: below folders with the longest names.

use std::env;
use std::fs;

fn main() {
    let name = "d".repeat(255);
    for _ in 0..18 {
        if fs::create_dir(&name).is_err() || env::set_current_dir(&name).is_err() {
            break;
        }
    }
    let piece = vec![1; 1 << 20];
    for number in 0..200 {
        if fs::write(format!("hostile-mark-{number}"), &piece).is_err() {
            break;
        }
    }
}
