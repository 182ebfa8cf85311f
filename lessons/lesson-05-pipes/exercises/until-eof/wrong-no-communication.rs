//! Each process reads the file for itself, and nothing goes through the pipe.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write, pipe, stdout};

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: until-eof FILE")?;
    let file = File::open(path)?;
    let (read_end, write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(write_end);
            let code = match print_in_capitals(file) {
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
            drop(write_end);
            let status = waitpid(child, None)?;
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

fn print_in_capitals(mut file: File) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = match file.read(&mut buffer) {
            Ok(0) => return stdout().flush(),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                continue;
            }
            Err(error) => return Err(error),
        };
        buffer[..length].make_ascii_uppercase();
        stdout().write_all(&buffer[..length])?;
    }
}
