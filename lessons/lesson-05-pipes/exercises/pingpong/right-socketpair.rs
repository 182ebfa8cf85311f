//! One pair of sockets carries both directions.

use std::error::Error;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut mine, theirs) = UnixStream::pair()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(mine);
            let code = i32::from(report(answer(theirs)).is_err());
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            drop(theirs);
            let pong =
                mine.write_all(b"x").and_then(|()| mine.read_exact(&mut [0]));
            let status = waitpid(child, None)?;
            pong?;
            println!("{}: received pong", getpid());
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

fn answer(mut end: UnixStream) -> io::Result<()> {
    let mut byte = [0];
    end.read_exact(&mut byte)?;
    println!("{}: received ping", getpid());
    end.write_all(&byte)
}

fn report(result: io::Result<()>) -> io::Result<()> {
    result.inspect_err(|error| eprintln!("the child cannot answer: {error}"))
}
