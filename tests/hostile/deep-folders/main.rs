//! Makes folders in folders, deeper than any path can say.

use std::env;
use std::fs;

fn main() {
    for _ in 0..1_000 {
        let made = fs::create_dir("hostile-mark-deep");
        if made.is_err() || env::set_current_dir("hostile-mark-deep").is_err() {
            break;
        }
    }
}
