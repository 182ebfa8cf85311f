//! A user may have so many processes and no more: fork fails, and a program
//! that starts many keeps count.

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::wait::{wait, waitpid};
use nix::unistd::{
    ForkResult, Uid, fork, geteuid, pipe, read, setresuid, write,
};

const JOBS: u32 = 6;
const AT_ONCE: u32 = 2;
const NOBODY: Uid = Uid::from_raw(65534);

pub(crate) fn run() -> Result {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the tester")? {
        ForkResult::Child => exit_child(tester()),
        ForkResult::Parent { child } => expect_success(waitpid(child, None)?)?,
    }
    overseer()
}

/// Allows its user no process at all, and asks for one.
fn tester() -> Result {
    role("tester");
    // The limit does not bind root. Where root may not become somebody else
    // the answer below says so.
    if geteuid().is_root() {
        setresuid(NOBODY, NOBODY, NOBODY).ok();
    }
    setrlimit(Resource::RLIMIT_NPROC, 0, 0)
        .context("cannot set the limit of processes")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() } {
        Err(errno) => say!("tester: fork: {errno}"),
        Ok(ForkResult::Child) => exit_child(Ok(())),
        Ok(ForkResult::Parent { child }) => {
            expect_success(waitpid(child, None)?)?;
            say!("tester: fork succeeded: the limit does not bind this user");
        }
    }
    Ok(())
}

/// Six jobs, two at once. Every job reports its start (+) and its end (-)
/// through one pipe, so the order of the bytes is the order of the events.
fn overseer() -> Result {
    role("overseer");
    let (log_read, log_write) = pipe().context("cannot make a pipe")?;
    let (work_read, work_write) = pipe().context("cannot make a pipe")?;
    let mut log = String::new();
    let mut running = 0;

    for _ in 0..JOBS {
        if running == AT_ONCE {
            finish_one(&work_write, &log_read, &mut log)?;
            running -= 1;
        }
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a job")? {
            ForkResult::Child => {
                drop(work_write);
                exit_child(job(&work_read, &log_write))
            }
            ForkResult::Parent { .. } => running += 1,
        }
        log.push(next(&log_read)?);
    }
    for _ in 0..running {
        finish_one(&work_write, &log_read, &mut log)?;
    }
    say!("overseer: {log}, never more than {} at once", most_at_once(&log));
    Ok(())
}

/// The work of a job: to wait for one byte. Any job may get it.
fn job(work_read: &OwnedFd, log_write: &OwnedFd) -> Result {
    role("job");
    write(log_write, b"+")?;
    read(work_read, &mut [0])?;
    write(log_write, b"-")?;
    Ok(())
}

/// Waits for whichever job ends first: its place is free then.
fn finish_one(
    work_write: &OwnedFd,
    log_read: &OwnedFd,
    log: &mut String,
) -> Result {
    write(work_write, b".")?;
    log.push(next(log_read)?);
    expect_success(wait()?)
}

fn next(log_read: &OwnedFd) -> Result<char> {
    let mut byte = [0];
    read(log_read, &mut byte)?;
    Ok(char::from(byte[0]))
}

fn most_at_once(log: &str) -> i32 {
    let counts = log.chars().scan(0, |running, event| {
        *running += if event == '+' { 1 } else { -1 };
        Some(*running)
    });
    counts.max().unwrap_or(0)
}
