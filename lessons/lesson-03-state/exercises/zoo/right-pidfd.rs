//! Descriptors of processes: poll says that one has ended, waitid that one has
//! stopped, and signals go through them.

use std::error::Error;
use std::io::{self, stdin};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use nix::libc::{self, _exit};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{ForkResult, Pid, fork, getpid};

fn main() -> Result<(), Box<dyn Error>> {
    let mut children = Vec::new();
    let outcome = keep(&mut children);
    for child in &children {
        send(child, Signal::SIGKILL)?;
        waitid(Id::PIDFd(child.as_fd()), WaitPidFlag::WEXITED)?;
    }
    outcome
}

fn keep(children: &mut Vec<OwnedFd>) -> Result<(), Box<dyn Error>> {
    for life in [sleep, compute, compute, end] {
        children.push(create(life)?);
    }
    send(&children[2], Signal::SIGSTOP)?;
    let stop = WaitPidFlag::WSTOPPED;
    waitid(Id::PIDFd(children[2].as_fd()), stop)?;
    let end = PollFd::new(children[3].as_fd(), PollFlags::POLLIN);
    poll(&mut [end], PollTimeout::NONE)?;
    println!("ready");
    stdin().read_line(&mut String::new())?;
    Ok(())
}

fn create(life: fn()) -> Result<OwnedFd, Box<dyn Error>> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            life();
            // SAFETY: ends the child without running the parent's code.
            unsafe { _exit(0) }
        }
        ForkResult::Parent { child } => Ok(open(child)?),
    }
}

fn open(child: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child.as_raw(), 0) };
    match i32::try_from(fd) {
        // SAFETY: the descriptor is new, and nobody else has it.
        Ok(fd @ 0..) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

fn send(child: &OwnedFd, signal: Signal) -> io::Result<()> {
    let none = ptr::null::<libc::siginfo_t>();
    let call = libc::SYS_pidfd_send_signal;
    // SAFETY: without a siginfo_t the call takes numbers.
    match unsafe {
        libc::syscall(call, child.as_raw_fd(), signal as i32, none, 0)
    } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn sleep() {
    SigSet::all().thread_block().ok();
    SigSet::all().wait().ok();
}

fn compute() {
    let me = getpid().as_raw();
    (0..).try_for_each(|n: i64| (n != -i64::from(me)).then_some(()));
}

fn end() {}
