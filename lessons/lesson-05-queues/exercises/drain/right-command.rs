//! The program executes itself as its producer and as its consumer, joined
//! by a pipe that only they hold.

use std::env::{args, current_exe};
use std::error::Error;
use std::io::{BufWriter, Write, stdin, stdout};
use std::process::{Command, ExitCode, Stdio};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let count = args().nth(1).ok_or("usage: drain N")?;
    match args().nth(2).as_deref() {
        Some("produce") => {
            let mut out = BufWriter::new(stdout());
            for number in 1..=count.parse::<u64>()? {
                writeln!(out, "Item {number}")?;
            }
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(_) => {
            for item in stdin().lines() {
                writeln!(stdout(), "Consumed: {}", item?)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        None => {}
    }
    let itself = current_exe()?;
    let mut producer = Command::new(&itself)
        .args([&count, "produce"])
        .stdout(Stdio::piped())
        .spawn()?;
    let items = producer.stdout.take().ok_or("no pipe")?;
    let consumer =
        Command::new(&itself).args([&count, "consume"]).stdin(items).status();
    let produced = producer.wait()?.success();
    match consumer?.success() && produced {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}
