//! One pipe for both directions: the parent reads its own byte, and the child
//! waits for ever.

use std::error::Error;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut read_end, mut write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let code = match answer(read_end, write_end) {
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
            let received = write_end
                .write_all(b"x")
                .and_then(|()| read_end.read_exact(&mut [0]));
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
