//! Arguments are bytes, and this takes them for text.

use std::env::args;
use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use nix::sys::signal::Signal;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = args().skip(1);
    let program = arguments.next().ok_or("usage: run PROG [ARG...]")?;
    let status = Command::new(program).args(arguments).status()?;
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => {
            println!("exit {code}");
            code
        }
        (None, number) => {
            let number = number.ok_or("it has not ended")?;
            println!("signal {}", Signal::try_from(number)?);
            128 + number
        }
    };
    Ok(ExitCode::from(u8::try_from(code)?))
}
