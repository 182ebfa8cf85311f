//! It asks the package sysinfo, and never lets it look.

use std::env::args;
use std::error::Error;
use std::process::ExitCode;

use sysinfo::{Pid, ProcessStatus, System};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let pid: u32 = args().nth(1).ok_or("usage: peek PID")?.parse()?;
    let id = Pid::from_u32(pid);
    let system = System::new()?;
    let Some(process) = system.process(id) else {
        println!("gone");
        return Ok(ExitCode::FAILURE);
    };
    let (letter, word) = match process.status() {
        ProcessStatus::Run => ('R', "running-or-ready"),
        ProcessStatus::Sleep => ('S', "sleeping"),
        ProcessStatus::UninterruptibleDiskSleep => ('D', "disk-sleep"),
        ProcessStatus::Stop => ('T', "stopped"),
        ProcessStatus::Tracing => ('t', "tracing-stop"),
        ProcessStatus::Zombie => ('Z', "zombie"),
        ProcessStatus::Idle => ('I', "idle"),
        ProcessStatus::Dead => ('X', "dead"),
        other => return Err(format!("{pid} is {other}").into()),
    };
    println!("{pid} {} {letter} {word}", process.name().display());
    Ok(ExitCode::SUCCESS)
}
