//! Is a library, so that there is no program.

#![crate_type = "lib"]

pub fn main() {}
