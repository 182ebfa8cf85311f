//! Takes memory in files that no process maps.

use std::fs::File;
use std::io::Write;

use nix::sys::memfd::{MFdFlags, memfd_create};

fn main() {
    let piece = vec![1; 8 << 20];
    let mut open = Vec::new();
    for _ in 0..60 {
        let mut file =
            File::from(memfd_create("piece", MFdFlags::empty()).unwrap());
        file.write_all(&piece).unwrap();
        open.push(file);
    }
    loop {
        nix::unistd::pause();
    }
}
