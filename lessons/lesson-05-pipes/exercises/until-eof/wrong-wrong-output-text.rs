//! Line by line, as text: a file may hold bytes that are none.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, PipeReader, Write, pipe, stdout};

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: until-eof FILE")?;
    let mut file = File::open(path)?;
    let (read_end, mut write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(write_end);
            let code = match print_in_capitals(read_end) {
                Ok(()) => 0,
                Err(error) => {
                    eprintln!("the child cannot go on: {error}");
                    1
                }
            };
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            drop(read_end);
            let sent = io::copy(&mut file, &mut write_end);
            drop(write_end);
            let status = waitpid(child, None)?;
            sent?;
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

fn print_in_capitals(read_end: PipeReader) -> io::Result<()> {
    let mut from = BufReader::new(read_end);
    let mut line = String::new();
    while from.read_line(&mut line)? > 0 {
        print!("{}", line.to_ascii_uppercase());
        line.clear();
    }
    stdout().flush()
}
