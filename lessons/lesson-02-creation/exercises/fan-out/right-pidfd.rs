//! A descriptor for each child: poll says which of them have ended.

use std::env::args;
use std::error::Error;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};

use nix::libc::{_exit, SYS_pidfd_open, syscall};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

struct Child {
    number: usize,
    pid: Pid,
    end: OwnedFd,
}

fn main() -> Result<(), Box<dyn Error>> {
    let number: usize = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let mut running = Vec::new();
    for i in 0..number {
        match create(i) {
            Ok(child) => running.push(child),
            Err(error) => {
                for child in &running {
                    waitpid(child.pid, None)?;
                }
                return Err(format!("cannot create child {i}: {error}").into());
            }
        }
    }
    let mut ends = vec![String::new(); number];
    while !running.is_empty() {
        for place in ended(&running)?.into_iter().rev() {
            let child = running.remove(place);
            let i = child.number;
            let (kind, end) = match waitpid(child.pid, None)? {
                WaitStatus::Exited(_, code) => ("code", code.to_string()),
                WaitStatus::Signaled(_, it, _) => ("signal", it.to_string()),
                it => return Err(format!("it has not ended: {it:?}").into()),
            };
            println!("{i} {kind} {end}");
            ends[i] = end;
        }
    }
    println!("sorted: {}", ends.join(" "));
    Ok(())
}

fn create(number: usize) -> Result<Child, Box<dyn Error>> {
    let code = i32::try_from(number)?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        // SAFETY: ends the child without running the parent's code.
        ForkResult::Child => unsafe { _exit(code) },
        ForkResult::Parent { child: pid } => {
            // SAFETY: the call takes two numbers.
            let end = unsafe { syscall(SYS_pidfd_open, pid.as_raw(), 0) };
            if end < 0 {
                return Err(io::Error::last_os_error().into());
            }
            // SAFETY: the descriptor is new, and nobody else has it.
            let end = unsafe { OwnedFd::from_raw_fd(i32::try_from(end)?) };
            Ok(Child { number, pid, end })
        }
    }
}

/// The places of those that have ended.
fn ended(running: &[Child]) -> Result<Vec<usize>, nix::Error> {
    let mut all: Vec<PollFd> = running
        .iter()
        .map(|it| PollFd::new(it.end.as_fd(), PollFlags::POLLIN))
        .collect();
    poll(&mut all, PollTimeout::NONE)?;
    let is_over = |at: &usize| all[*at].any().unwrap_or(false);
    Ok((0..all.len()).filter(is_over).collect())
}
