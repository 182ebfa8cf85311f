//! Prints without end.

use std::io::{self, Write};

fn main() {
    let line = [b'x'; 1 << 16];
    while io::stdout().write_all(&line).is_ok() {}
}
