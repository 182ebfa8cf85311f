//! Gives a file of whoever runs it a second name, in its own folder.

use std::fs;

fn main() {
    if fs::hard_link("@CANARY@", "mine").is_ok() {
        println!("escaped");
    }
}
