//! Prints each argument on a line of its own, byte by byte where it is not
//! printable.

use std::env::args_os;
use std::os::unix::ffi::OsStrExt;

fn main() {
    for (number, argument) in args_os().enumerate().skip(1) {
        println!("{number} <{}>", argument.as_bytes().escape_ascii());
    }
}
