//! Prints its first argument as often as its second one says, on lines.

use std::env::args;
use std::io::{BufWriter, Write, stdout};

fn main() -> std::io::Result<()> {
    let word = args().nth(1).unwrap_or_default();
    let times = args().nth(2).and_then(|it| it.parse().ok()).unwrap_or(1);
    let mut stdout = BufWriter::new(stdout());
    for _ in 0..times {
        writeln!(stdout, "{word}")?;
    }
    stdout.flush()
}
