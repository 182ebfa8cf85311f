//! Opens files by the longest names there are, as often as it can.

use std::fs::File;

fn main() {
    let path = "a/".repeat(2000);
    loop {
        File::open(&path).ok();
    }
}
