//! The old standard output is kept as a copy, and PROG gets that too.

use std::env::args_os;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::stdout;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::unistd::{dup, dup2_stderr, dup2_stdout};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let name = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    let program = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o644);
    let file = options.open(&name)?;
    println!("logging to {}", name.display());
    let _saved = dup(stdout())?.into_raw_fd();
    dup2_stdout(&file)?;
    dup2_stderr(&file)?;
    Err(Command::new(program).args(arguments).exec().into())
}
