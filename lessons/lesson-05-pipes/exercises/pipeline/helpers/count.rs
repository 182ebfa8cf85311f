//! Prints how many bytes its standard input holds.

use std::io::{copy, sink, stdin};

fn main() -> std::io::Result<()> {
    println!("{} bytes", copy(&mut stdin(), &mut sink())?);
    Ok(())
}
