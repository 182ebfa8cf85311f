//! It tells how the program ended, and ends itself with 0.

use std::env::args_os;
use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use nix::sys::signal::Signal;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let program = arguments.next().ok_or("usage: run PROG [ARG...]")?;
    let status = Command::new(program).args(arguments).status()?;
    match (status.code(), status.signal()) {
        (Some(code), _) => println!("exit {code}"),
        (None, number) => {
            let number = number.ok_or("it has not ended")?;
            println!("signal {}", Signal::try_from(number)?);
        }
    }
    Ok(())
}
