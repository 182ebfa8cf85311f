//! Ask first, wait for a limited time, then use force; and wait again.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::ptr;

use common::{Context, Result, Scratch, exit_child, expect_success, role, say};
use libc::{SYS_pidfd_open, SYS_pidfd_send_signal};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{ForkResult, Pid, fork, pause, pipe};

use crate::gate;

type Worker = fn(OwnedFd, &Path) -> Result;

pub(crate) fn run() -> Result {
    let scratch = Scratch::new()?;
    let file = scratch.path("draft.txt");

    let worker = start(polite, &file)?;
    // 30 s are a limit, not a delay: the worker's end ends the wait.
    report(stop(worker, PollTimeout::from(30_000u16))?, &file)?;

    let worker = start(stubborn, &file)?;
    // Whatever the period, this worker outlasts it.
    report(stop(worker, PollTimeout::from(20u8))?, &file)
}

fn start(worker: Worker, file: &Path) -> Result<Pid> {
    let (begun_read, begun_write) = pipe().context("cannot make a pipe")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => {
            drop(begun_read);
            exit_child(worker(begun_write, file))
        }
        ForkResult::Parent { child } => {
            drop(begun_write);
            gate::await_told(&begun_read)?;
            Ok(child)
        }
    }
}

/// Takes SIGTERM as what it is: a request to finish.
fn polite(begun: OwnedFd, file: &Path) -> Result {
    role("polite");
    let term = SigSet::from(Signal::SIGTERM);
    term.thread_block()?;
    fs::write(file, "half a sentence").context("cannot write the draft")?;
    say!("polite: at work on a draft");
    gate::tell(&begun)?;
    term.wait()?;
    fs::remove_file(file).context("cannot remove the draft")?;
    say!("polite: asked to end, the draft is removed");
    Ok(())
}

/// Does not listen.
fn stubborn(begun: OwnedFd, file: &Path) -> Result {
    role("stubborn");
    // SAFETY: SIG_IGN runs no code of this program.
    unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) }?;
    fs::write(file, "half a sentence").context("cannot write the draft")?;
    say!("stubborn: at work on a draft, SIGTERM ignored");
    gate::tell(&begun)?;
    pause();
    Ok(())
}

/// The parent: a pidfd becomes readable when its process ends, and never
/// comes to mean another process.
fn stop(worker: Pid, grace: PollTimeout) -> Result<WaitStatus> {
    let pidfd = pidfd_open(worker).context("cannot open a pidfd")?;
    pidfd_send_signal(&pidfd, Signal::SIGTERM)?;
    let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    if poll(&mut ended, grace)? == 0 {
        say!("parent: the grace period is over");
        pidfd_send_signal(&pidfd, Signal::SIGKILL)?;
    }
    Ok(waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED)?)
}

fn report(status: WaitStatus, file: &Path) -> Result {
    let draft = if file.exists() { "is left" } else { "is gone" };
    if let WaitStatus::Signaled(_, signal, _) = status {
        say!("parent: killed by {signal}, the draft {draft}");
        return Ok(());
    }
    expect_success(status)?;
    say!("parent: exited 0, the draft {draft}");
    Ok(())
}

fn pidfd_open(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: pidfd_open(2) takes two integers.
    let fd = unsafe { libc::syscall(SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = Errno::result(fd)? as RawFd;
    // SAFETY: the kernel has made this descriptor for nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn pidfd_send_signal(pidfd: &OwnedFd, signal: Signal) -> nix::Result<()> {
    let info = ptr::null::<libc::siginfo_t>(); // as kill(2) would fill it in
    let (fd, signal) = (pidfd.as_raw_fd(), signal as i32);
    // SAFETY: a null siginfo is allowed; nothing else is a pointer.
    let sent =
        unsafe { libc::syscall(SYS_pidfd_send_signal, fd, signal, info, 0) };
    Errno::result(sent).map(drop)
}
