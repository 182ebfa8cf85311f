//! status() creates a child and waits for it at once: one after the other.

use std::env::{args, current_exe};
use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use nix::sys::signal::Signal;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number: usize = match arguments.as_slice() {
        ["child", i] => return Ok(ExitCode::from(i.parse::<u8>()?)),
        [number] => number.parse()?,
        _ => return Err("usage: fan N".into()),
    };
    let mut sorted = String::from("sorted:");
    for i in 0..number {
        let mut command = Command::new(current_exe()?);
        let status = command.arg("child").arg(i.to_string()).status()?;
        let end = match (status.code(), status.signal()) {
            (Some(code), _) => {
                println!("{i} code {code}");
                code.to_string()
            }
            (None, signal) => {
                let signal = Signal::try_from(signal.unwrap_or(0))?;
                println!("{i} signal {signal}");
                signal.to_string()
            }
        };
        sorted = format!("{sorted} {end}");
    }
    println!("{sorted}");
    Ok(ExitCode::SUCCESS)
}
