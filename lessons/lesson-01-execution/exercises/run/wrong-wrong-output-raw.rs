//! It prints the wait status as it is, and takes it apart by hand.

use std::env::args_os;
use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let program = arguments.next().ok_or("usage: run PROG [ARG...]")?;
    let status = Command::new(program).args(arguments).status()?;
    let raw = status.into_raw();
    println!("exit {raw}");
    Ok(ExitCode::from((raw >> 8) as u8))
}
