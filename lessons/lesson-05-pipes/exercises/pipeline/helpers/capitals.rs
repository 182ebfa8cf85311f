//! Prints its standard input in capitals.

use std::io::{Read, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = stdin().read(&mut buffer)?;
        if length == 0 {
            return stdout().flush();
        }
        buffer[..length].make_ascii_uppercase();
        stdout().write_all(&buffer[..length])?;
    }
}
