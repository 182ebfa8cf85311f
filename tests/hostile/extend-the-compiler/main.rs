//! Is a library that the compiler would load.

#![crate_type = "proc-macro"]

pub fn main() {}
