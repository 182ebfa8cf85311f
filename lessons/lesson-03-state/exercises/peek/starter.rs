use std::env::args;
use std::error::Error;
use std::fs;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let pid: u32 = args().nth(1).ok_or("usage: peek PID")?.parse()?;
    let Ok(line) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        println!("gone");
        return Ok(ExitCode::FAILURE);
    };
    let fields: Vec<&str> = line.split_whitespace().collect();
    let name = fields[1].trim_matches(['(', ')']);
    let letter = fields[2];
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
