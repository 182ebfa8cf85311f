//! One open, one read; then the brackets, from both ends.

use std::env::args;
use std::error::Error;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::read;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let pid = args().nth(1).ok_or("usage: peek PID")?;
    let mut line = [0; 4096];
    let path = format!("/proc/{pid}/stat");
    let length = open(path.as_str(), OFlag::O_RDONLY, Mode::empty())
        .and_then(|file| read(file, &mut line));
    let line = match length {
        Ok(length) => &line[..length],
        Err(Errno::ENOENT | Errno::ESRCH) => {
            println!("gone");
            return Ok(ExitCode::from(1));
        }
        Err(errno) => return Err(format!("cannot read {path}: {errno}").into()),
    };
    let first = line.iter().position(|it| *it == b'(').ok_or("no name")?;
    let last = line.iter().rposition(|it| *it == b')').ok_or("no name")?;
    let name = String::from_utf8_lossy(&line[first + 1..last]);
    let letter = char::from(line[last + 2]).to_string();
    println!("{pid} {name} {letter} {}", word(&letter));
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
