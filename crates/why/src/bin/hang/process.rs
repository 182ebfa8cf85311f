//! What every program needs: children, the end of everything, and `ready`.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid, read, write};

use crate::Result;

/// More than a pipe holds, also one that somebody made larger.
pub(crate) const TOO_MUCH: usize = 4 << 20;

/// So that the numbers of descriptors are those of the table: nothing is open
/// but the three standard ones, whatever the starter left open.
pub(crate) fn begin() -> Result {
    // SAFETY: nothing in this process owns a descriptor from 3 up yet.
    let closed =
        unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    Errno::result(closed)?;
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    Ok(set_pdeathsig(Signal::SIGKILL)?)
}

/// Nothing can save the tree any more. Said by its first process.
pub(crate) fn ready() -> Result {
    let line = format!("ready {}\n", getpid());
    write(io::stdout(), line.as_bytes())?;
    Ok(())
}

/// A child that does this and ends, at the latest with its parent.
pub(crate) fn child(body: impl FnOnce() -> Result) -> Result<Pid> {
    let parent = getpid();
    // SAFETY: the child of a process with threads takes no lock of theirs but
    // the one that `futexes` is about.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = match die_with(parent).and_then(|()| body()) {
                Ok(()) => 0,
                Err(error) => {
                    let line = format!("hang: a child: {error}\n");
                    write(io::stderr(), line.as_bytes()).ok();
                    1
                }
            };
            // SAFETY: the parent's code is not this process's business.
            unsafe { libc::_exit(code) }
        }
    }
}

fn die_with(parent: Pid) -> Result {
    set_pdeathsig(Signal::SIGKILL)?;
    if getppid() == parent {
        return Ok(());
    }
    // Nobody would end this process.
    Err("its parent ended before it began".into())
}

pub(crate) fn await_end(child: Pid) -> Result {
    waitpid(child, None)?;
    Ok(())
}

/// Waits for a child's end and leaves it a zombie.
pub(crate) fn await_zombie(child: Pid) -> Result {
    waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    Ok(())
}

/// Stops a child, and returns when it has stopped.
pub(crate) fn stop(child: Pid) -> Result {
    kill(child, Signal::SIGSTOP)?;
    await_stop(child)
}

pub(crate) fn await_stop(child: Pid) -> Result {
    waitid(Id::Pid(child), WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT)?;
    Ok(())
}

/// Closes this process's copy of what the parent goes on using. The value
/// belongs to the parent's code: a child ends without dropping it.
pub(crate) fn shut(end: &OwnedFd) {
    // SAFETY: this child never uses the number again.
    unsafe { libc::close(end.as_raw_fd()) };
}

pub(crate) fn read_to_end(from: impl AsFd) -> Result {
    let mut bytes = [0; 4096];
    while read(&from, &mut bytes)? > 0 {}
    Ok(())
}

pub(crate) fn read_one(from: impl AsFd) -> Result {
    match read(&from, &mut [0])? {
        0 => Err("the end, where a byte was awaited".into()),
        _ => Ok(()),
    }
}

pub(crate) fn write_too_much(to: impl AsFd) -> Result {
    let bytes = vec![0; 1 << 16];
    for _ in 0..TOO_MUCH >> 16 {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            rest = &rest[write(&to, rest)?..];
        }
    }
    Ok(())
}

/// Nobody goes on before everybody has come.
#[derive(Debug)]
pub(crate) struct Meeting {
    come: EventFd,
    go: EventFd,
    members: usize,
}

impl Meeting {
    pub(crate) fn new(members: usize) -> Result<Self> {
        let flags = EfdFlags::EFD_SEMAPHORE;
        let come = EventFd::from_value_and_flags(0, flags)?;
        let go = EventFd::from_value_and_flags(0, flags)?;
        Ok(Self { come, go, members })
    }

    /// A member: I have come; goes on when all have.
    pub(crate) fn attend(&self) -> Result {
        self.come.write(1)?;
        self.go.read()?;
        Ok(())
    }

    /// A member that waits for nobody.
    pub(crate) fn pass(&self) -> Result {
        self.come.write(1)?;
        Ok(())
    }

    /// All have come, and may not go on yet.
    pub(crate) fn await_members(&self) -> Result {
        for _ in 0..self.members {
            self.come.read()?;
        }
        Ok(())
    }

    /// The first process: goes on when all have come.
    pub(crate) fn hold(&self) -> Result {
        self.await_members()?;
        self.go.write(self.members as u64)?;
        Ok(())
    }
}

/// Runs a tree below a process that removes what the kernel would keep:
/// System V objects and named queues outlive their users.
/// To end it, kill the process that `ready` named, or send SIGTERM to the one
/// that was started: SIGKILL there leaves the object behind.
pub(crate) fn cleaned_up<T>(
    remove: impl FnOnce() -> nix::Result<T>,
    tree: impl FnOnce() -> Result,
) -> Result {
    let mut awaited = SigSet::empty();
    for number in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGCHLD] {
        awaited.add(number);
    }
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&awaited), Some(&mut before))?;
    set_pdeathsig(Signal::SIGTERM)?;
    let first = child(|| {
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
        tree()
    });
    if let Ok(first) = first {
        awaited.wait()?;
        kill(first, Signal::SIGKILL)?;
        await_end(first)?;
    }
    remove()?;
    first.map(drop)
}

/// Goes on when a process sleeps. It must be sure to sleep nowhere but where
/// it is awaited.
pub(crate) fn await_sleep(process: Pid) -> Result {
    loop {
        let mut stat = String::new();
        File::open(format!("/proc/{process}/stat"))?
            .read_to_string(&mut stat)?;
        let (_, rest) = stat.rsplit_once(") ").ok_or("no state")?;
        match rest.chars().next() {
            Some('S') => return Ok(()),
            Some('R' | 'D') => nix::sched::sched_yield()?,
            other => return Err(format!("it is in state {other:?}").into()),
        }
    }
}
