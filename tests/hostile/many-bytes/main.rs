//! Writes many files, each below the limit.

use std::fs;
fn main() {
    let block = vec![1_u8; 4 << 20];
    for number in 0..200 {
        if fs::write(format!("hostile-mark-{number}"), &block).is_err() {
            break;
        }
    }
}
