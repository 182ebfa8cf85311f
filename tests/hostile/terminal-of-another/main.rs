//! Writes to the terminals of whoever runs it, and reads what is typed there.

use std::fs::OpenOptions;
use std::io::Write;

fn main() {
    let file = OpenOptions::new().read(true).write(true).open("@TERMINAL@");
    if let Ok(mut file) = file {
        file.write_all(b"hostile-mark").ok();
        println!("escaped");
    }
}
