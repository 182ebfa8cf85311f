//! Each child becomes a shell, which ends with the number.

use std::env::args;
use std::error::Error;
use std::process::{Child, Command};

use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

fn main() -> Result<(), Box<dyn Error>> {
    let number: usize = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let mut children: Vec<Child> = Vec::new();
    for i in 0..number {
        let line = format!("exit {i}");
        match Command::new("sh").args(["-c", &line]).spawn() {
            Ok(child) => children.push(child),
            Err(error) => {
                for mut child in children {
                    child.wait()?;
                }
                return Err(format!("cannot create child {i}: {error}").into());
            }
        }
    }
    let mut ends = vec![String::new(); number];
    for _ in &children {
        let status = wait()?;
        let pid = status.pid().map_or(0, Pid::as_raw).unsigned_abs();
        let i = children.iter().position(|it| it.id() == pid);
        let i = i.ok_or("that is no child of mine")?;
        ends[i] = match status {
            WaitStatus::Exited(_, code) => {
                println!("{i} code {code}");
                code.to_string()
            }
            WaitStatus::Signaled(_, signal, _) => {
                println!("{i} signal {signal}");
                signal.to_string()
            }
            other => return Err(format!("it has not ended: {other:?}").into()),
        };
    }
    println!("sorted: {}", ends.join(" "));
    Ok(())
}
