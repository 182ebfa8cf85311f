//! Writes to the terminal at which somebody waits for its verdict.

use std::fs::OpenOptions;
use std::io::Write;

fn main() {
    let file = OpenOptions::new().read(true).write(true).open("/dev/tty");
    if let Ok(mut file) = file {
        file.write_all(b"hostile-mark").ok();
        println!("escaped");
    }
}
