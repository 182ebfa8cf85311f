//! Stopped and continued: wait tells both. Only SIGKILL and SIGCONT reach a
//! stopped process; every other signal stays pending.

use std::fs;
use std::os::fd::OwnedFd;

use common::{Context, Error, Result, exit_child, role, say};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe, read};

use crate::proc_stat::{letter, wait_for_letter};

pub(crate) fn run() -> Result {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => {
            drop(write_end);
            exit_child(worker(read_end))
        }
        ForkResult::Parent { child } => {
            drop(read_end);
            parent(child, write_end)
        }
    }
}

/// The child: waits for an end of file that does not come.
fn worker(read_end: OwnedFd) -> Result {
    role("worker");
    // Ctrl-C would end the parent and not this process while it is stopped.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    read(&read_end, &mut [0])?;
    Ok(())
}

/// The parent: its write end keeps the worker waiting to the last line.
fn parent(worker: Pid, _write_end: OwnedFd) -> Result {
    role("parent");
    wait_for_letter(worker, 'S')?;
    say!("worker: {}, it waits in read", letter(worker)?);

    stop(worker)?;
    kill(worker, Signal::SIGCONT)?;
    let status = waitpid(worker, Some(WaitPidFlag::WCONTINUED))?;
    wait_for_letter(worker, 'S')?; // the kernel takes up its read again
    say!("worker: {} after SIGCONT: {status:?}", letter(worker)?);

    stop(worker)?;
    kill(worker, Signal::SIGTERM)?;
    if !is_pending(worker, Signal::SIGTERM)? {
        return Err(Error::new("SIGTERM is not pending"));
    }
    say!("worker: {} after SIGTERM, which is pending", letter(worker)?);

    kill(worker, Signal::SIGCONT)?;
    say!("worker: SIGCONT lets SIGTERM in: {:?}", waitpid(worker, None)?);
    Ok(())
}

fn stop(worker: Pid) -> Result {
    kill(worker, Signal::SIGSTOP)?;
    let status = waitpid(worker, Some(WaitPidFlag::WUNTRACED))?;
    say!("worker: {} after SIGSTOP: {status:?}", letter(worker)?);
    Ok(())
}

/// A bit of the line ShdPnd, proc_pid_status(5): signals to the process which
/// none of its threads has taken.
fn is_pending(pid: Pid, signal: Signal) -> Result<bool> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path)?;
    let mask = text
        .lines()
        .find_map(|line| line.strip_prefix("ShdPnd:"))
        .ok_or_else(|| Error::new(format!("{path} has no line ShdPnd")))?;
    let mask = u64::from_str_radix(mask.trim(), 16)?;
    Ok(mask & 1 << (signal as i32 - 1) != 0)
}
