//! A worker whose parent dies lives on, unless it has asked the kernel for a
//! signal, in time, or looks whose child it is.

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{
    ForkResult, Pid, fork, getpid, getppid, pause, pipe, read, write,
};

/// How a worker cares for the case that its boss dies.
#[derive(Clone, Copy, PartialEq)]
enum Care {
    Nothing,
    SetInTime,
    SetTooLate,
    SetAndLooked,
}

pub(crate) fn run() -> Result {
    // The orphans below become children of this process: it can wait for
    // them. Otherwise process 1 would get them.
    prctl::set_child_subreaper(true)?;
    say!("{:<32}what becomes of the worker", "PR_SET_PDEATHSIG");
    for (care, name) in [
        (Care::Nothing, "not set"),
        (Care::SetInTime, "set before the boss dies"),
        (Care::SetTooLate, "set after the boss is dead"),
        (Care::SetAndLooked, "set after that, then getppid"),
    ] {
        say!("{name:<32}{}", outcome(care)?);
    }
    Ok(())
}

fn outcome(care: Care) -> Result<String> {
    let (told_read, told_write) = pipe().context("cannot make a pipe")?;
    let (go_read, go_write) = pipe().context("cannot make a pipe")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the boss")? {
        ForkResult::Child => {
            drop(told_read);
            drop(go_write);
            exit_child(boss(told_write, go_read, care))
        }
        ForkResult::Parent { child } => {
            drop(told_write);
            drop(go_read);
            parent(told_read, go_write, child)
        }
    }
}

fn boss(told: OwnedFd, go: OwnedFd, care: Care) -> Result {
    role("boss");
    let me = getpid();
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => exit_child(worker(told, go, care, me)),
        ForkResult::Parent { .. } => {
            drop(told);
            pause();
            Ok(())
        }
    }
}

fn worker(told: OwnedFd, go: OwnedFd, care: Care, boss: Pid) -> Result {
    role("worker");
    if care == Care::SetInTime {
        prctl::set_pdeathsig(Signal::SIGTERM)?;
    }
    write(&told, &getpid().as_raw().to_ne_bytes())?;
    read(&go, &mut [0])?; // the end of file: the boss is dead
    if matches!(care, Care::SetTooLate | Care::SetAndLooked) {
        prctl::set_pdeathsig(Signal::SIGTERM)?;
    }
    // Not `== 1`: an orphan may have been adopted by a subreaper.
    if care == Care::SetAndLooked && getppid() != boss {
        return Ok(());
    }
    write(&told, b"alive")?;
    pause();
    Ok(())
}

/// Kills the boss as nothing can prevent it, and looks after the worker.
fn parent(told: OwnedFd, go: OwnedFd, boss: Pid) -> Result<String> {
    let mut pid = [0; size_of::<libc::pid_t>()];
    let told_pid = read(&told, &mut pid)?;
    let worker = Pid::from_raw(libc::pid_t::from_ne_bytes(pid));
    kill(boss, Signal::SIGKILL)?;
    let status = waitpid(boss, None)?;
    if told_pid == 0 {
        return expect_success(status).map(|()| "never began".to_owned());
    }
    drop(go);

    // A message comes from a worker that lives on; the end of file from one
    // that has ended.
    if read(&told, &mut [0; 8])? > 0 {
        kill(worker, Signal::SIGKILL)?;
        waitpid(worker, None)?;
        return Ok("lives on, without end".to_owned());
    }
    match waitpid(worker, None)? {
        WaitStatus::Signaled(_, signal, _) => Ok(format!("ended by {signal}")),
        other => {
            expect_success(other).map(|()| "has ended by itself".to_owned())
        }
    }
}
