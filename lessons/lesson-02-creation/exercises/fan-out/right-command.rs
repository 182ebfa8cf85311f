//! The program executes itself for each child; wait says who has ended.

use std::collections::BTreeMap;
use std::env::{args, current_exe};
use std::error::Error;
use std::process::{Child, Command, ExitCode};

use nix::sys::wait::{WaitStatus, wait};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["child", i] => Ok(ExitCode::from(i.parse::<u8>()?)),
        [number] => parent(number.parse()?),
        _ => Err("usage: fan N".into()),
    }
}

fn parent(number: usize) -> Result<ExitCode, Box<dyn Error>> {
    let mut children: Vec<Child> = Vec::new();
    for i in 0..number {
        let created = current_exe().and_then(|this| {
            Command::new(this).arg("child").arg(i.to_string()).spawn()
        });
        match created {
            Ok(child) => children.push(child),
            Err(error) => {
                for mut child in children {
                    child.wait()?;
                }
                return Err(format!("cannot create child {i}: {error}").into());
            }
        }
    }
    let numbers: BTreeMap<u32, usize> =
        children.iter().map(Child::id).zip(0..).collect();
    let mut ends = BTreeMap::new();
    while ends.len() < number {
        let status = wait()?;
        let pid = status.pid().ok_or("wait has told of nobody")?.as_raw();
        let i = numbers[&u32::try_from(pid)?];
        let (kind, end) = match status {
            WaitStatus::Exited(_, code) => ("code", code.to_string()),
            WaitStatus::Signaled(_, signal, _) => {
                ("signal", signal.to_string())
            }
            other => return Err(format!("it has not ended: {other:?}").into()),
        };
        println!("{i} {kind} {end}");
        ends.insert(i, end);
    }
    let sorted: Vec<String> = ends.into_values().collect();
    println!("sorted: {}", sorted.join(" "));
    Ok(ExitCode::SUCCESS)
}
