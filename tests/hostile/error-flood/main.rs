//! Writes to standard error without end.

use std::io::{self, Write};

fn main() {
    let line = [b'x'; 1 << 16];
    while io::stderr().write_all(&line).is_ok() {}
}
