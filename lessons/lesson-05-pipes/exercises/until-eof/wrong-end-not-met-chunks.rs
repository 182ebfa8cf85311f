//! Chunks with their length in front; a chunk of length 0 is the end.

use std::error::Error;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe, stdout};

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
            let sent = send(&mut file, &mut write_end);
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
    loop {
        let mut length = [0; 4];
        read_end.read_exact(&mut length)?;
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        if bytes.is_empty() {
            return stdout().flush();
        }
        read_end.read_exact(&mut bytes)?;
        bytes.make_ascii_uppercase();
        stdout().write_all(&bytes)?;
    }
}

fn send(file: &mut File, write_end: &mut PipeWriter) -> io::Result<()> {
    let mut buffer = [0; 8000];
    loop {
        let length = file.read(&mut buffer)?;
        write_end.write_all(&(length as u32).to_le_bytes())?;
        write_end.write_all(&buffer[..length])?;
        if length == 0 {
            return Ok(());
        }
    }
}
