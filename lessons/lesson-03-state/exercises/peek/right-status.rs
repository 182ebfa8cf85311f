//! Reads /proc/PID/status, where each field has a line of its own.

use std::env::args;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Result, Write, stdout};
use std::process::ExitCode;

use nix::libc::ESRCH;

fn main() -> Result<ExitCode> {
    let Some(pid) = args().nth(1) else {
        eprintln!("usage: peek PID");
        return Ok(ExitCode::from(2));
    };
    match fields(&pid) {
        Ok((name, letter)) => {
            let mut line = format!("{pid} ").into_bytes();
            line.extend(name);
            line.extend(format!(" {letter} {}\n", word(&letter)).bytes());
            stdout().write_all(&line)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error)
            if error.kind() == ErrorKind::NotFound
                || error.raw_os_error() == Some(ESRCH) =>
        {
            println!("gone");
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error),
    }
}

/// The name, byte by byte, and the letter.
fn fields(pid: &str) -> Result<(Vec<u8>, String)> {
    let file = BufReader::new(File::open(format!("/proc/{pid}/status"))?);
    let (mut name, mut letter) = (Vec::new(), String::new());
    for line in file.split(b'\n') {
        let line = line?;
        if let Some(value) = line.strip_prefix(b"Name:\t") {
            name = value.to_vec();
        } else if let Some(value) = line.strip_prefix(b"State:\t") {
            letter.extend(value.first().map(|byte| char::from(*byte)));
        }
    }
    Ok((name, letter))
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
