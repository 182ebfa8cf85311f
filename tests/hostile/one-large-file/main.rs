//! Writes one file without end.

use std::fs::File;
use std::io::Write;

fn main() {
    let mut file = File::create("hostile-mark").expect("it is its own folder");
    let block = vec![1_u8; 1 << 20];
    while file.write_all(&block).is_ok() {}
}
