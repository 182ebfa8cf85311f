//! A program that cannot be executed counts as one that is not there.

use std::env::args_os;
use std::io::{Error, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use nix::sys::signal::Signal;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = args_os().skip(1);
    let program = arguments.next().ok_or("usage: report CMD [ARG...]")?;
    let mut child = match Command::new(program).args(arguments).spawn() {
        Ok(child) => child,
        Err(error) => return Ok(not_started(&error)),
    };
    let status = child.wait()?;
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => {
            println!("exited {code}");
            code
        }
        (None, Some(number)) => {
            let core = if status.core_dumped() { " (core)" } else { "" };
            println!("killed {}{core}", Signal::try_from(number)?);
            128 + number
        }
        (None, None) => return Err("it has not ended".into()),
    };
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn not_started(error: &Error) -> ExitCode {
    if error.kind() == ErrorKind::WouldBlock {
        eprintln!("report: cannot create a process: {error}");
        return ExitCode::FAILURE;
    }
    println!("could not start ({error})");
    ExitCode::from(127)
}
