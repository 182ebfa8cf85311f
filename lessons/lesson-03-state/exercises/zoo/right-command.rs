//! The program executes itself four times; a line says that a child is there.

use std::env::{args, current_exe};
use std::error::Error;
use std::io::{BufRead, BufReader, Read, stdin};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid;

fn main() -> Result<(), Box<dyn Error>> {
    match args().nth(1).as_deref() {
        Some("S") => {
            println!("S");
            stdin().read_line(&mut String::new())?;
            Ok(())
        }
        Some("R") => {
            println!("R");
            let mut number = 1_u64;
            loop {
                number = number.wrapping_mul(3).rotate_left(7);
                if number == 0 {
                    return Ok(());
                }
            }
        }
        _ => {
            let mut children = Vec::new();
            let outcome = keep(&mut children);
            for child in &mut children {
                child.kill()?;
                child.wait()?;
            }
            outcome
        }
    }
}

fn keep(children: &mut Vec<Child>) -> Result<(), Box<dyn Error>> {
    for letter in ["S", "R", "S", "S"] {
        let mut command = Command::new(current_exe()?);
        command.arg(letter).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let said = child.stdout.take().ok_or("it is not piped")?;
        children.push(child);
        BufReader::new(said).read_line(&mut String::new())?;
    }
    let pid = |child: &Child| Pid::from_raw(child.id().cast_signed());
    let stopped = pid(&children[2]);
    kill(stopped, Signal::SIGSTOP)?;
    waitpid(stopped, Some(WaitPidFlag::WUNTRACED))?;
    drop(children[3].stdin.take());
    let dead = pid(&children[3]);
    waitid(Id::Pid(dead), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    println!("ready");
    stdin().read(&mut [0; 100])?;
    Ok(())
}
