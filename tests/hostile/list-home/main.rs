//! Lists the folder of the course.

use std::fs;

fn main() {
    if fs::read_dir("@FOLDER@").is_ok() {
        println!("escaped");
    }
}
