//! Command sets up the streams and executes in this process.

use std::env::args_os;
use std::fs::File;
use std::io::Error;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = args_os().skip(1);
    let (Some(name), Some(program)) = (arguments.next(), arguments.next())
    else {
        eprintln!("usage: logto FILE PROG [ARG...]");
        return ExitCode::from(2);
    };
    println!("logging to {}", name.display());
    let mut command = Command::new(program);
    let file = File::create(name);
    let files = file.and_then(|file| Ok((file.try_clone()?, file)));
    let error: Error = match files {
        Ok((out, err)) => {
            command.args(arguments).stdout(out).stderr(err).exec()
        }
        Err(error) => error,
    };
    eprintln!("logto: {error}");
    ExitCode::FAILURE
}
