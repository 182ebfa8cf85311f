//! Five letters, each produced in a child and read from outside, twice:
//! from field 3 of /proc/PID/stat, and through sysinfo.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::libc::SIGCHLD;
use nix::sched::{CloneFlags, clone};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe, read};

use crate::proc_stat::{letter, wait_for_letter};
use crate::spin::spin;
use crate::through_sysinfo::through_sysinfo;

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
            observer(child, write_end)?;
        }
    }
    uninterruptible()
}

/// The child: waits for the end of file, then works without end.
fn worker(read_end: OwnedFd) -> Result {
    role("worker");
    read(&read_end, &mut [0])?;
    spin()
}

/// The parent: leads the worker through four states and looks at each.
fn observer(worker: Pid, write_end: OwnedFd) -> Result {
    role("observer");
    wait_for_letter(worker, 'S')?;
    show("worker", worker, "it waits in read")?;

    drop(write_end); // the end of file: read returns
    wait_for_letter(worker, 'R')?;
    show("worker", worker, "it runs, or is ready to")?;

    // The next two are reported by the kernel: nothing to look for.
    kill(worker, Signal::SIGSTOP)?;
    waitpid(worker, Some(WaitPidFlag::WUNTRACED))?;
    show("worker", worker, "SIGSTOP stopped it")?;

    kill(worker, Signal::SIGKILL)?;
    // WNOWAIT looks at the end of the child and leaves the zombie in place.
    waitid(Id::Pid(worker), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    show("worker", worker, "it has ended")?;

    waitpid(worker, None)?;
    say!("worker: waited for, and gone");
    Ok(())
}

/// D without a disk: after CLONE_VFORK a parent sleeps uninterruptibly until
/// its child executes a program or ends.
fn uninterruptible() -> Result {
    // The vfork child outlives its parent here, and comes to this process.
    prctl::set_child_subreaper(true)?;
    let (end, child_end) = UnixStream::pair().context("cannot make a pair")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the vfork parent")? {
        ForkResult::Child => {
            drop(end);
            exit_child(vfork_parent(child_end))
        }
        ForkResult::Parent { child } => {
            drop(child_end);
            // A byte says that the vfork child lives.
            if (&end).read(&mut [0])? == 0 {
                return expect_success(waitpid(child, None)?);
            }
            wait_for_letter(child, 'D')?;
            show("vfork-parent", child, "it waits in vfork")?;

            kill(child, Signal::SIGKILL)?;
            let status = waitpid(child, None)?;
            say!("vfork-parent: D, and killed all the same: {status:?}");
            drop(end); // the vfork child's end of file
            expect_success(waitpid(None, None)?)
        }
    }
}

fn vfork_parent(end: UnixStream) -> Result {
    role("vfork-parent");
    let vfork_child = || {
        role("vfork-child");
        let outcome = (&end).write_all(b"!");
        isize::from(outcome.and_then(|()| (&end).read(&mut [0])).is_err())
    };
    let mut stack = [0; 64 * 1024];
    let flags = CloneFlags::CLONE_VFORK;
    // SAFETY: without CLONE_VM the child has memory of its own, as after fork.
    unsafe { clone(Box::new(vfork_child), &mut stack, flags, Some(SIGCHLD)) }
        .context("cannot clone the vfork child")?;
    Err(Error::new("the vfork child ended before its parent was looked at"))
}

fn show(who: &str, pid: Pid, why: &str) -> Result {
    let letter = letter(pid)?;
    let seen = through_sysinfo(pid)?;
    let word = seen.map_or("nothing".to_owned(), |seen| seen.status);
    say!("{who}: /proc says {letter}, sysinfo says {word}: {why}");
    Ok(())
}
