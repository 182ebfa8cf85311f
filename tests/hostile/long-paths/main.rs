//! Opens files by the longest names there are.

use std::fs::File;

fn main() {
    let path = "a/".repeat(2000);
    for _ in 0..3_000 {
        File::open(&path).ok();
    }
}
