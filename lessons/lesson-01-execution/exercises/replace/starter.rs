use std::env::args_os;
use std::error::Error;
use std::fs::File;
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let name = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    let program = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    let file = File::create(&name)?;
    println!("logging to {}", name.display());
    let mut command = Command::new(program);
    command.args(arguments).stdout(file.try_clone()?).stderr(file);
    let code = command.status()?.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code)?))
}
