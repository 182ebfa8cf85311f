//! Reads the disk below all files.

use std::fs::{self, File};

fn main() {
    let names = ["vda", "sda", "nvme0n1", "xvda", "loop0", "mem"];
    let is_there = |name: &&&str| fs::metadata(format!("/dev/{name}")).is_ok();
    let disk = names.iter().find(is_there).unwrap_or(&"mem");
    if File::open(format!("/dev/{disk}")).is_ok() {
        println!("escaped");
    }
}
