//! Prints its argument again and again: as yes(1) does, but 8 MB of it, so
//! that nobody's memory is filled.
//!
//! It has no main of Rust's, whose runtime would ignore SIGPIPE whatever it
//! has inherited.

#![no_main]

use std::ffi::{CStr, c_char, c_int};
use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;

const PATIENCE: usize = 8 << 20;

#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    let word = match count {
        // SAFETY: there are so many, each ends with a zero.
        2.. => unsafe { CStr::from_ptr(*arguments.add(1)) }.to_bytes(),
        _ => b"y",
    };
    let line = [word, b"\n"].concat();
    let page = line.repeat(4096 / line.len().min(4096));
    // SAFETY: descriptor 1 is open over the whole run, and nobody closes it.
    let mut stdout = ManuallyDrop::new(unsafe { File::from_raw_fd(1) });
    for _ in 0..PATIENCE / page.len() {
        if let Err(error) = stdout.write_all(&page) {
            eprintln!("yes: standard output: {error}");
            return 1;
        }
    }
    0
}
