//! nice(1) does it.

use std::env::args_os;
use std::error::Error;
use std::process::{Command, ExitCode};

use nix::libc::{PRIO_PROCESS, getpriority};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let usage = "usage: nicely N PROG [ARG...]";
    let steps = arguments.next().ok_or(usage)?;
    let steps: i32 = steps.to_str().ok_or(usage)?.parse()?;
    // SAFETY: numbers go in, no memory is touched.
    let own = unsafe { getpriority(PRIO_PROCESS, 0) };
    println!("niceness {}", (own + steps).min(19));
    let mut command = Command::new("nice");
    command.arg("-n").arg(steps.to_string()).args(arguments);
    let status = command.status()?;
    let code = status.code().ok_or("it was killed by a signal")?;
    Ok(ExitCode::from(u8::try_from(code)?))
}
