use std::env::args_os;
use std::error::Error;
use std::io::stdin;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const USAGE: &str = "usage: stop -t SECS CMD [ARG...]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    if arguments.next().is_none_or(|it| it != "-t") {
        return Err(USAGE.into());
    }
    let seconds = arguments.next().and_then(|it| it.into_string().ok());
    let _seconds: f64 = seconds.ok_or(USAGE)?.parse()?;
    let program = arguments.next().ok_or(USAGE)?;
    let child =
        Command::new(program).args(arguments).stdin(Stdio::null()).spawn()?;

    stdin().read_line(&mut String::new())?;
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM)?;
    println!("terminated");
    Ok(())
}
