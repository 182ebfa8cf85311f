//! Two pipes, made before the fork.

use std::error::Error;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let (ping_read, mut ping_write) = pipe()?;
    let (mut pong_read, pong_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(ping_write);
            drop(pong_read);
            let code = match answer(ping_read, pong_write) {
                Ok(()) => 0,
                Err(error) => {
                    eprintln!("the child cannot answer: {error}");
                    1
                }
            };
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            drop(ping_read);
            drop(pong_write);
            let received = ping_write
                .write_all(b"x")
                .and_then(|()| pong_read.read_exact(&mut [0]));
            let status = waitpid(child, None)?;
            received?;
            println!("{}: received pong", getpid());
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

fn answer(mut from: PipeReader, mut to: PipeWriter) -> std::io::Result<()> {
    let mut byte = [0];
    from.read_exact(&mut byte)?;
    println!("{}: received ping", getpid());
    to.write_all(&byte)
}
