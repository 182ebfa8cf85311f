//! Waits for one of several, none of which can come.

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::{
    Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout,
};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::select::{FdSet, select};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, pipe, pipe2};

use crate::Result;
use crate::healthy_restless::beside_others;
use crate::process::{await_end, child, read_one, ready, shut};
use crate::program::Program;
use crate::signals::handle;
use crate::wait_cycle::sockets;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("poll-all-stuck", "wait-cycle", "A A.1 A.2", by_poll)
        .says("A (hang) must call write(3) before it waits in poll, or"),
    Program::stuck("select-all-stuck", "wait-cycle", "A A.1 A.2", by_select),
    Program::stuck("epoll-all-stuck", "wait-cycle", "A A.1 A.2", by_epoll),
    Program::stuck("pidfd-of-stuck", "wait-cycle", "A A.1", by_pidfd),
    Program::stuck("waitid-of-stuck", "wait-cycle", "A A.1", by_waitid),
    Program::stuck("epoll-own-pipe", "write-end-open", "A", by_own_pipe)
        .says("close(4) is missing in A (hang), before it reads"),
    Program::stuck("poll-own-pipe", "write-end-open", "A", by_own_and_handler)
        .if_closed()
        .says("close(4) is missing in A (hang), before it reads"),
    Program::stuck("epoll-beside-others", "write-end-open", "A", beside_others)
        .says("close(4) is missing in A (hang), before it reads"),
    Program::stuck("loop-of-nothing", "queue-empty", "A", by_itself)
        .says("event loop"),
];

/// A child at the other end of a socket, where it awaits a byte.
fn listener() -> Result<(OwnedFd, Pid)> {
    let (ours, theirs) = sockets()?;
    let listener = child(|| {
        shut(&ours);
        read_one(&theirs)
    })?;
    Ok((ours, listener))
}

/// Waits for one of two that both wait for this process.
fn between(wait: impl FnOnce([BorrowedFd<'_>; 2]) -> Result) -> Result {
    let ((first, one), (second, other)) = (listener()?, listener()?);
    ready()?;
    wait([first.as_fd(), second.as_fd()])?;
    drop((first, second));
    await_end(one)?;
    await_end(other)
}

fn by_poll() -> Result {
    between(|ends| {
        let mut set = ends.map(|end| PollFd::new(end, PollFlags::POLLIN));
        poll(&mut set, PollTimeout::NONE)?;
        Ok(())
    })
}

fn by_select() -> Result {
    between(|ends| {
        let mut set = FdSet::new();
        ends.into_iter().for_each(|end| set.insert(end));
        select(None, Some(&mut set), None, None, None)?;
        Ok(())
    })
}

/// With an eventfd in the set, which nobody has but those who wait.
fn by_epoll() -> Result {
    let event = EventFd::from_value_and_flags(0, EfdFlags::empty())?;
    between(|ends| {
        let set = Epoll::new(EpollCreateFlags::empty())?;
        for end in [ends[0], ends[1], event.as_fd()] {
            set.add(end, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
        }
        set.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
        Ok(())
    })
}

/// A descriptor that becomes readable when the process ends.
pub(crate) fn pidfd(process: Pid) -> Result<OwnedFd> {
    // SAFETY: a plain call.
    let opened =
        unsafe { libc::syscall(libc::SYS_pidfd_open, process.as_raw(), 0) };
    let number = Errno::result(opened)?.try_into()?;
    // SAFETY: the kernel has just made it, for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// An event loop that listens to its own pipe only.
fn by_itself() -> Result {
    let (read_end, write_end) = pipe2(OFlag::O_NONBLOCK)?;
    ready()?;
    let mut set = [PollFd::new(read_end.as_fd(), PollFlags::POLLIN)];
    poll(&mut set, PollTimeout::NONE)?;
    drop(write_end);
    Ok(())
}

/// It would wait for itself, if it wrote into its own pipe.
pub(crate) fn by_own_pipe() -> Result {
    let (read_end, write_end) = pipe()?;
    let set = Epoll::new(EpollCreateFlags::empty())?;
    set.add(&read_end, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
    ready()?;
    set.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
    drop(write_end);
    Ok(())
}

/// A handler of SIGINT, as every Python program has one, may write there.
fn by_own_and_handler() -> Result {
    handle(Signal::SIGINT)?;
    let (read_end, write_end) = pipe()?;
    ready()?;
    let mut set = [PollFd::new(read_end.as_fd(), PollFlags::POLLIN)];
    poll(&mut set, PollTimeout::NONE)?;
    drop(write_end);
    Ok(())
}

fn by_pidfd() -> Result {
    let (end, listener) = listener()?;
    let descriptor = pidfd(listener)?;
    ready()?;
    let mut set = [PollFd::new(descriptor.as_fd(), PollFlags::POLLIN)];
    poll(&mut set, PollTimeout::NONE)?;
    drop(end);
    await_end(listener)
}

fn by_waitid() -> Result {
    let (end, listener) = listener()?;
    let descriptor = pidfd(listener)?;
    ready()?;
    waitid(Id::PIDFd(descriptor.as_fd()), WaitPidFlag::WEXITED)?;
    drop(end);
    Ok(())
}
