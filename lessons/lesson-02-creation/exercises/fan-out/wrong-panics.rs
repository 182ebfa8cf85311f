//! Each child is asked for its exit code, and a killed one has none.

use std::collections::BTreeMap;
use std::env::{args, current_exe};
use std::error::Error;
use std::process::{Child, Command, ExitCode};
use std::sync::mpsc::channel;
use std::thread::Builder;

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
        let mut command = Command::new(current_exe()?);
        match command.arg("child").arg(i.to_string()).spawn() {
            Ok(child) => children.push(child),
            Err(error) => {
                for mut child in children {
                    child.wait()?;
                }
                return Err(format!("cannot create child {i}: {error}").into());
            }
        }
    }
    let (tell, told) = channel();
    for (i, mut child) in children.into_iter().enumerate() {
        let tell = tell.clone();
        Builder::new().spawn(move || tell.send((i, child.wait())))?;
    }
    drop(tell);
    let mut ends = BTreeMap::new();
    let told: Vec<_> = told.into_iter().collect();
    for (i, status) in told {
        let code = status?.code().unwrap();
        println!("{i} code {code}");
        ends.insert(i, code.to_string());
    }
    let sorted: Vec<String> = ends.into_values().collect();
    println!("sorted: {}", sorted.join(" "));
    Ok(ExitCode::SUCCESS)
}
