//! Opens files until it may have no more, and goes on.

use std::fs::File;

fn main() {
    let mut open = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        open.push(file);
    }
}
