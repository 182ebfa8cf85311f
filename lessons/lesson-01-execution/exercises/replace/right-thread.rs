//! A second thread executes: all threads end, and the process becomes PROG.

use std::env::args_os;
use std::error::Error;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::Builder;

use nix::unistd::{dup2_stderr, dup2_stdout};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let name = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    let program = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    let file = File::create(&name)?;
    println!("logging to {}", name.display());
    let arguments: Vec<_> = arguments.collect();
    let execute = move || -> Result<(), std::io::Error> {
        dup2_stdout(&file)?;
        dup2_stderr(&file)?;
        Err(Command::new(program).args(arguments).exec())
    };
    let thread = Builder::new().spawn(execute)?;
    thread.join().map_err(|_| "the thread has panicked")??;
    Ok(())
}
