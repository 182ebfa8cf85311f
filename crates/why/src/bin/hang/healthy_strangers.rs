//! Twins that somebody outside of the tree goes on with: whoever was started
//! holds what the tree waits for, and the tree is its child.

use std::os::fd::{AsFd, AsRawFd};
use std::sync::mpsc::channel;
use std::thread::Builder;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::epoll::{
    Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout,
};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
use nix::unistd::{Pid, ftruncate, pipe, pipe2};

use crate::Result;
use crate::healthy_hidden::{exit_thread, send};
use crate::memory::map;
use crate::process::{child, read_one, ready, shut, write_too_much};
use crate::program::Program;
use crate::wait_cycle::sockets;
use crate::wait_sets::pidfd;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("timer-of-stranger", timer),
    Program::healthy("epoll-of-stranger", set),
    Program::healthy("socket-side-of-stranger", socket_side),
    Program::healthy("datagrams-of-stranger", datagrams),
    Program::healthy("pipe-resized-by-stranger", full_pipe),
    Program::healthy("poll-for-nothing", poll_for_nothing),
    Program::healthy("vmsplice-from-stranger", vmsplice),
    Program::healthy("memfd-of-stranger", memory_file),
    Program::healthy("write-end-on-its-way-out", on_its_way_out),
    Program::healthy("write-end-of-strangers-thread", strangers_thread),
    Program::healthy("write-end-of-leaderless-stranger", leaderless),
];

/// What the stranger would do in a minute, if the tree is still there.
const MINUTE: u16 = 60_000;

pub(crate) fn stand_by(tree: Pid) -> Result {
    let tree = pidfd(tree)?;
    let mut set = [PollFd::new(tree.as_fd(), PollFlags::POLLIN)];
    poll(&mut set, PollTimeout::from(MINUTE))?;
    Ok(())
}

/// Runs the tree below a process that stands by.
fn below(tree: impl FnOnce() -> Result) -> Result {
    let tree = child(|| {
        ready()?;
        tree()
    })?;
    stand_by(tree)
}

/// Nobody of the tree has set the timer, which the stranger may do.
fn timer() -> Result {
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty())?;
    below(|| Ok(timer.wait()?))
}

/// The stranger may add what is ready.
fn set() -> Result {
    let set = Epoll::new(EpollCreateFlags::empty())?;
    below(|| {
        let (read_end, _write_end) = pipe()?;
        set.add(&read_end, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
        set.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
        Ok(())
    })
}

/// The stranger has the side at which the tree waits: shutdown(2) ends that.
fn socket_side() -> Result {
    let (ours, theirs) = sockets()?;
    let tree = child(|| {
        ready()?;
        read_one(&ours)
    })?;
    drop(theirs);
    stand_by(tree)
}

/// The tree's socket is connected to nobody any more, and the stranger's to
/// it all the same.
fn datagrams() -> Result {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::Datagram,
        None,
        SockFlag::empty(),
    )?;
    let tree = child(|| {
        // SAFETY: an address of the family AF_UNSPEC, which dissolves.
        let address: libc::sockaddr = unsafe { std::mem::zeroed() };
        let length = size_of::<libc::sockaddr>() as libc::socklen_t;
        let socket = ours.as_raw_fd();
        // SAFETY: the address outlives the call.
        let done = unsafe { libc::connect(socket, &raw const address, length) };
        Errno::result(done)?;
        shut(&theirs);
        ready()?;
        read_one(&ours)
    })?;
    drop(ours);
    stand_by(tree)
}

/// Whoever holds a pipe may make it larger (`F_SETPIPE_SZ`).
fn full_pipe() -> Result {
    let (read_end, write_end) = pipe()?;
    let tree = child(|| {
        ready()?;
        write_too_much(&write_end)
    })?;
    drop(read_end);
    stand_by(tree)
}

/// poll(2) of a write end for nothing still tells that the readers are gone.
fn poll_for_nothing() -> Result {
    let (read_end, write_end) = pipe()?;
    let tree = child(|| {
        shut(&read_end);
        ready()?;
        let mut set = [PollFd::new(write_end.as_fd(), PollFlags::empty())];
        poll(&mut set, PollTimeout::NONE)?;
        Ok(())
    })?;
    drop(write_end);
    stand_by(tree)
}

/// On a read end vmsplice(2) takes bytes out of the pipe.
fn vmsplice() -> Result {
    let (read_end, write_end) = pipe()?;
    let tree = child(|| {
        shut(&write_end);
        let mut byte = [0_u8];
        let part =
            libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
        ready()?;
        // SAFETY: the byte outlives the call.
        let done = unsafe {
            libc::vmsplice(read_end.as_raw_fd(), &raw const part, 1, 0)
        };
        Errno::result(done)?;
        Ok(())
    })?;
    drop(read_end);
    stand_by(tree)
}

/// The stranger has the memory's file, and may map it.
fn memory_file() -> Result {
    let file = memfd_create(c"memory", MFdFlags::empty())?;
    ftruncate(&file, 4096)?;
    below(|| {
        let word: &std::sync::atomic::AtomicU32 = map(&file)?;
        let place = word.as_ptr();
        let none = std::ptr::null::<libc::timespec>();
        // SAFETY: the word outlives the call.
        let done = unsafe {
            libc::syscall(libc::SYS_futex, place, libc::FUTEX_WAIT, 0, none)
        };
        Errno::result(done)?;
        Ok(())
    })
}

/// A second write end waits in a socket until the stranger receives it.
fn on_its_way_out() -> Result {
    let (to, from) = sockets()?;
    let tree = child(|| {
        shut(&from);
        let (read_end, write_end) = pipe()?;
        send(&to, &write_end)?;
        ready()?;
        read_one(&read_end)
    })?;
    drop(to);
    stand_by(tree)
}

/// A thread of the stranger has a table of its own, and the write end in it.
fn strangers_thread() -> Result {
    let (read_end, write_end) = pipe2(OFlag::O_CLOEXEC)?;
    let tree = child(|| {
        ready()?;
        read_one(&read_end)
    })?;
    let (done, is_done) = channel();
    let thread = Builder::new().spawn(move || {
        let parted = unshare(CloneFlags::CLONE_FILES);
        done.send(parted).ok();
        stand_by(tree).ok();
    })?;
    is_done.recv()??;
    drop(write_end);
    drop(read_end);
    thread.join().map_err(|_| "the thread panicked".into())
}

/// The stranger's first thread has ended, so that /proc/PID/fd is empty.
fn leaderless() -> Result {
    let (read_end, write_end) = pipe()?;
    let stranger = move || -> Result {
        await_state('Z')?;
        // The child of the thread that stays: it ends with its parent.
        let tree = child(|| {
            ready()?;
            read_one(&read_end)
        })?;
        stand_by(tree)?;
        drop(write_end);
        Ok(())
    };
    Builder::new().spawn(move || stranger().map_err(drop))?;
    exit_thread()
}

/// Goes on when this process's first thread is in that state.
fn await_state(letter: char) -> Result {
    loop {
        let stat = std::fs::read_to_string("/proc/self/stat")?;
        let (_, rest) = stat.rsplit_once(") ").ok_or("no state")?;
        if rest.starts_with(letter) {
            return Ok(());
        }
        nix::sched::sched_yield()?;
    }
}
