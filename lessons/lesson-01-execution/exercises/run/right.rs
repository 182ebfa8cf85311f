//! The standard library starts it; the status has an exit code or a signal.

use std::env::args_os;
use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use nix::sys::signal::Signal;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let program = arguments.next().ok_or("usage: run PROG [ARG...]")?;
    let status = Command::new(program).args(arguments).status()?;
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => {
            println!("exit {code}");
            code
        }
        (None, Some(number)) => {
            println!("signal {}", Signal::try_from(number)?);
            128 + number
        }
        (None, None) => return Err("it has not ended".into()),
    };
    Ok(ExitCode::from(u8::try_from(code)?))
}
