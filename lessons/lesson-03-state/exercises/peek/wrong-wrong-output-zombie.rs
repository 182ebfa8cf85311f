//! It looks for the arguments first, and a zombie has none.

use std::env::args;
use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::process::ExitCode;

use nix::libc::ESRCH;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let pid: u32 = args().nth(1).ok_or("usage: peek PID")?.parse()?;
    let arguments = fs::read(format!("/proc/{pid}/cmdline"));
    if arguments.is_ok_and(|bytes| bytes.is_empty()) {
        println!("gone");
        return Ok(ExitCode::FAILURE);
    }
    let line = match fs::read(format!("/proc/{pid}/stat")) {
        Ok(line) => line,
        Err(error)
            if error.kind() == ErrorKind::NotFound
                || error.raw_os_error() == Some(ESRCH) =>
        {
            println!("gone");
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.into()),
    };
    let line = String::from_utf8_lossy(&line);
    let form = "that is no line of /proc/PID/stat";
    let (before, behind) = line.rsplit_once(')').ok_or(form)?;
    let (_, name) = before.split_once('(').ok_or(form)?;
    let letter = behind.split_whitespace().next().ok_or(form)?;
    println!("{pid} {name} {letter} {}", word(letter));
    Ok(ExitCode::SUCCESS)
}

fn word(letter: &str) -> &str {
    match letter {
        "R" => "running-or-ready",
        "S" => "sleeping",
        "D" => "disk-sleep",
        "T" => "stopped",
        "t" => "tracing-stop",
        "Z" => "zombie",
        "I" => "idle",
        "X" => "dead",
        _ => "unknown",
    }
}
