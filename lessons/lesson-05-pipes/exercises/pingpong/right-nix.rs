//! The same with the calls of nix alone.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe, read, write};

fn main() -> Result<(), Errno> {
    let ping = pipe()?;
    let pong = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop((ping.1, pong.0));
            let code = match answer(&ping.0, &pong.1) {
                Ok(()) => 0,
                Err(errno) => {
                    eprintln!("the child cannot answer: {errno}");
                    1
                }
            };
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            drop((ping.0, pong.1));
            let received = ask(&ping.1, &pong.0);
            collect(child)?;
            received?;
            println!("{}: received pong", getpid());
            Ok(())
        }
    }
}

fn ask(to: &OwnedFd, from: &OwnedFd) -> Result<(), Errno> {
    write(to, b"x")?;
    receive(from).map(drop)
}

fn answer(from: &OwnedFd, to: &OwnedFd) -> Result<(), Errno> {
    let byte = receive(from)?;
    println!("{}: received ping", getpid());
    write(to, &[byte]).map(drop)
}

fn receive(from: &OwnedFd) -> Result<u8, Errno> {
    let mut byte = [0];
    match read(from, &mut byte) {
        Ok(0) => Err(Errno::EPIPE),
        Ok(_) => Ok(byte[0]),
        Err(Errno::EINTR) => receive(from),
        Err(errno) => Err(errno),
    }
}

fn collect(child: Pid) -> Result<(), Errno> {
    match waitpid(child, None)? {
        WaitStatus::Exited(_, 0) => Ok(()),
        _ => Err(Errno::EIO),
    }
}
