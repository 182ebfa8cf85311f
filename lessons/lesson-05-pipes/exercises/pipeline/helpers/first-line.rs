//! Prints the first line of its standard input, and ends.

use std::io::stdin;

fn main() -> std::io::Result<()> {
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    print!("{line}");
    Ok(())
}
