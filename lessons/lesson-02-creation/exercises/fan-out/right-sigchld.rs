//! SIGCHLD is waited for as a signal; then all that have ended are collected.

use std::env::args;
use std::error::Error;

use nix::libc::_exit;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let number: i32 = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let mut ends_come = SigSet::empty();
    ends_come.add(Signal::SIGCHLD);
    ends_come.thread_block()?;
    let mut children: Vec<Pid> = Vec::new();
    let mut failure = None;
    for i in 0..number {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            // SAFETY: ends the child without running the parent's code.
            Ok(ForkResult::Child) => unsafe { _exit(i) },
            Ok(ForkResult::Parent { child }) => children.push(child),
            Err(errno) => {
                failure = Some(format!("cannot create child {i}: {errno}"));
                break;
            }
        }
    }
    let mut ends = vec![String::new(); children.len()];
    let mut left = children.len();
    while left > 0 {
        ends_come.wait()?;
        left -= collect(&children, &mut ends, failure.is_none())?;
    }
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    println!("sorted: {}", ends.join(" "));
    Ok(())
}

/// Collects all that have ended by now: several ends may be one signal.
fn collect(
    children: &[Pid],
    ends: &mut [String],
    is_told: bool,
) -> Result<usize, Box<dyn Error>> {
    let mut count = 0;
    loop {
        let status = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(nix::Error::ECHILD) => break,
            other => other?,
        };
        let of = |it| children.iter().position(|child| Some(*child) == it);
        let i = of(status.pid()).ok_or("that is no child of mine")?;
        let (kind, end) = match status {
            WaitStatus::Exited(_, code) => ("code", code.to_string()),
            WaitStatus::Signaled(_, signal, _) => {
                ("signal", signal.to_string())
            }
            other => return Err(format!("it has not ended: {other:?}").into()),
        };
        if is_told {
            println!("{i} {kind} {end}");
        }
        ends[i] = end;
        count += 1;
    }
    Ok(count)
}
