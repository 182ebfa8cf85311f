//! Renames and removes its own folder under the grader.

use std::fs;

fn main() {
    let folder = std::env::current_dir().unwrap();
    let other = folder.with_file_name("hostile-mark");
    if fs::rename(&folder, &other).is_ok() || fs::remove_dir(&folder).is_ok() {
        println!("escaped");
    }
}
