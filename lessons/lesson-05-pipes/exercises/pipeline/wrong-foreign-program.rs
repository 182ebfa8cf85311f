//! The arguments are joined, and a shell takes them apart again.

use std::env::args;
use std::error::Error;
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let line: Vec<String> = args().skip(1).collect();
    let line = format!("set -o pipefail; {}", line.join(" "));
    let status = Command::new("bash").args(["-c", &line]).status()?;
    let code = status.code().ok_or("it was killed")?;
    Ok(ExitCode::from(u8::try_from(code)?))
}
