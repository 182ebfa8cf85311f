//! The child prints, and then runs on in its parent's code.

use std::error::Error;
use std::fs::File;
use std::io::{self, PipeReader, Read, Write, pipe, stdout};

use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: until-eof FILE")?;
    let mut file = File::open(path)?;
    let (read_end, mut write_end) = pipe()?;
    // SAFETY: this process has one thread.
    let done = match unsafe { fork() }? {
        ForkResult::Child => {
            drop(write_end);
            print_in_capitals(read_end)
        }
        ForkResult::Parent { .. } => {
            drop(read_end);
            let sent = io::copy(&mut file, &mut write_end);
            drop(write_end);
            sent.map(drop)
        }
    };
    let status = wait()?;
    done?;
    match status {
        WaitStatus::Exited(_, 0) => Ok(()),
        status => Err(format!("the child: {status:?}").into()),
    }
}

fn print_in_capitals(mut read_end: PipeReader) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = match read_end.read(&mut buffer) {
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
