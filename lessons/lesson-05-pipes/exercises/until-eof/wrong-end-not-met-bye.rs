//! The line `Bye` is the end, and a letter may hold it.

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
            let sent = io::copy(&mut file, &mut write_end)
                .and_then(|_| write_end.write_all(b"Bye\n"));
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

fn print_in_capitals(mut read_end: PipeReader) -> io::Result<()> {
    let mut from = BufReader::new(&mut read_end);
    loop {
        let mut line = Vec::new();
        from.read_until(b'\n', &mut line)?;
        if line == b"Bye\n" {
            return stdout().flush();
        }
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        stdout().write_all(&line.to_ascii_uppercase())?;
    }
}
