//! Calls of nix alone, and buffers of an odd size.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, pipe, read, write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: until-eof FILE")?;
    let file = open(&*path, OFlag::O_RDONLY, Mode::empty())?;
    let (read_end, write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(write_end);
            let stdout = std::io::stdout();
            let code = match copy(&read_end, &stdout, capitals) {
                Ok(()) => 0,
                Err(errno) => {
                    eprintln!("the child cannot go on: {errno}");
                    1
                }
            };
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            drop(read_end);
            let sent = copy(&file, &write_end, |_| {});
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

fn capitals(bytes: &mut [u8]) {
    for byte in bytes {
        if byte.is_ascii_lowercase() {
            *byte -= b'a' - b'A';
        }
    }
}

fn copy(
    from: &OwnedFd,
    to: &impl std::os::fd::AsFd,
    change: fn(&mut [u8]),
) -> Result<(), Errno> {
    let mut buffer = [0; 10_001];
    loop {
        let length = match read(from, &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        };
        change(&mut buffer[..length]);
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            match write(to, rest) {
                Ok(length) => rest = &rest[length..],
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}
