//! The exit code of one that was killed is unwrapped; what could not be
//! started is told.

use std::env::args_os;
use std::io::{Error, ErrorKind};
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = args_os().skip(1);
    let program = arguments.next().ok_or("usage: report CMD [ARG...]")?;
    let mut child = match Command::new(program).args(arguments).spawn() {
        Ok(child) => child,
        Err(error) => return Ok(not_started(&error)),
    };
    let status = child.wait()?;
    let code = status.code().expect("an exit code");
    println!("exited {code}");
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn not_started(error: &Error) -> ExitCode {
    if error.kind() == ErrorKind::WouldBlock {
        eprintln!("report: cannot create a process: {error}");
        return ExitCode::FAILURE;
    }
    println!("could not start ({error})");
    let is_missing = error.kind() == ErrorKind::NotFound;
    ExitCode::from(if is_missing { 127 } else { 126 })
}
