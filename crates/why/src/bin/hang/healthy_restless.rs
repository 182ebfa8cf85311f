//! Twins that somebody outside goes on with who is hard to catch: it moves
//! what it holds, hands it on, keeps it in a message, or is known to the tree
//! alone.

use std::num::NonZero;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollTimeout};
use nix::sys::mman::{MapFlags, ProtFlags, mmap};
use nix::sys::wait::{Id, WaitPidFlag};
use nix::sys::wait::{waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe};

use crate::Result;
use crate::files::open;
use crate::futexes::futex;
use crate::healthy::rest;
use crate::healthy_hidden::send;
use crate::healthy_memory::with_same_memory;
use crate::healthy_strangers::stand_by;
use crate::memory::map;
use crate::process::{Meeting, await_end, child, read_one, ready, shut};
use crate::program::Program;
use crate::wait_cycle::sockets;
use crate::wait_sets::{by_own_pipe, pidfd};

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("write-end-moved-by-stranger", moved),
    Program::healthy("set-moved-by-stranger", moved_set),
    Program::healthy("write-end-handed-on", handed_on),
    Program::healthy("write-end-parked-by-stranger", parked),
    Program::healthy("traces-a-stranger", tracer),
    Program::healthy("vfork-of-a-sibling", sibling),
    Program::healthy("futex-in-page-of-file", page_of_file),
];

/// A child that reads from the pipe of which it holds both ends.
fn reader(read_end: &OwnedFd) -> Result<Pid> {
    child(|| {
        ready()?;
        read_one(read_end)
    })
}

/// Whether a process ends within so many milliseconds.
fn ends_within(process: BorrowedFd<'_>, limit: u16) -> Result<bool> {
    let mut set = [PollFd::new(process, PollFlags::POLLIN)];
    Ok(poll(&mut set, PollTimeout::from(limit))? == 1)
}

/// Moves its write end from number to number, as a shell does that redirects
/// output for a moment.
fn moved() -> Result {
    let (read_end, write_end) = pipe()?;
    let tree = pidfd(reader(&read_end)?)?;
    drop(read_end);
    move_until_end(&write_end, &tree)
}

/// Moves an epoll set to which it may add what is ready.
fn moved_set() -> Result {
    let set = Epoll::new(EpollCreateFlags::empty())?;
    let tree = pidfd(child(|| {
        ready()?;
        set.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
        Ok(())
    })?)?;
    move_until_end(&set.0, &tree)
}

/// Somebody outside makes epoll sets of his own and closes them, all the time.
pub(crate) fn beside_others() -> Result {
    let tree = pidfd(child(by_own_pipe)?)?;
    while !ends_within(tree.as_fd(), 0)? {
        Epoll::new(EpollCreateFlags::empty())?;
    }
    Ok(())
}

/// From number to number.
fn move_until_end(descriptor: &OwnedFd, tree: &OwnedFd) -> Result {
    const ASIDE: i32 = 100;
    let number = descriptor.as_raw_fd();
    let put = |from, to| {
        // SAFETY: nobody else uses these two numbers.
        let moved = unsafe { libc::dup2(from, to) };
        Errno::result(moved)?;
        // SAFETY: as above; the value is dropped under its own number.
        Errno::result(unsafe { libc::close(from) })
    };
    while !ends_within(tree.as_fd(), 0)? {
        put(number, ASIDE)?;
        put(ASIDE, number)?;
    }
    Ok(())
}

/// Each has the write end for some milliseconds, creates the next, and ends.
fn handed_on() -> Result {
    let (read_end, write_end) = pipe()?;
    nix::sys::prctl::set_child_subreaper(true)?;
    let tree = reader(&read_end)?;
    drop(read_end);
    let its_end = pidfd(tree)?;
    // SAFETY: there is no other thread.
    if unsafe { fork() }?.is_child() {
        while !ends_within(its_end.as_fd(), 4)? {
            // SAFETY: as above.
            if let ForkResult::Parent { .. } = unsafe { fork() }? {
                break;
            }
        }
        // SAFETY: the first process's code is not this one's business.
        unsafe { libc::_exit(0) }
    }
    drop(write_end);
    while waitpid(None, None)?.pid() != Some(tree) {}
    Ok(())
}

/// A stranger, which is no ancestor, has put the write end into a socket of
/// its own.
fn parked() -> Result {
    let (read_end, write_end) = pipe()?;
    let meeting = Meeting::new(1)?;
    let tree = child(|| {
        meeting.await_members()?;
        ready()?;
        read_one(&read_end)
    })?;
    child(|| {
        let (to, _from) = sockets()?;
        send(&to, &write_end)?;
        shut(&read_end);
        shut(&write_end);
        meeting.pass()?;
        stand_by(tree)
    })?;
    drop((read_end, write_end, meeting));
    await_end(tree)
}

/// Waits for its child, which waits for it, and for a stranger that it
/// traces.
fn tracer() -> Result {
    let stranger = child(|| {
        let (option, anybody) = (libc::PR_SET_PTRACER, libc::c_ulong::MAX);
        // SAFETY: takes a number; without Yama there is no such option.
        unsafe { libc::prctl(option, anybody) };
        rest()
    })?;
    let tree = child(|| {
        let (read_end, write_end) = pipe()?;
        child(|| {
            shut(&write_end);
            read_one(&read_end)
        })?;
        drop(read_end);
        let none = std::ptr::null_mut::<libc::c_void>();
        let seize = libc::PTRACE_SEIZE;
        // SAFETY: the request takes no address and no data.
        let done =
            unsafe { libc::ptrace(seize, stranger.as_raw(), none, none) };
        Errno::result(done)?;
        ready()?;
        waitid(Id::All, WaitPidFlag::WEXITED)?;
        Ok(())
    })?;
    await_end(tree)
}

/// vfork(2) for a child of its parent, beside a child of its own that waits
/// for it.
fn sibling() -> Result {
    let tree = child(|| {
        let (read_end, write_end) = pipe()?;
        child(|| {
            shut(&write_end);
            read_one(&read_end)
        })?;
        drop(read_end);
        ready()?;
        with_same_memory(libc::CLONE_VFORK | libc::CLONE_PARENT, || {
            // SAFETY: its table is its own, and nothing there is used again.
            unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
            rest()
        })?;
        Ok(())
    })?;
    await_end(tree)
}

/// What is mapped privately, and cannot be written there, is the file's own
/// page: who maps that too may wake.
fn page_of_file() -> Result {
    let file: OwnedFd = open("page")?.into();
    nix::unistd::ftruncate(&file, 4096)?;
    std::fs::remove_file("page")?;
    let _word: &AtomicU32 = map(&file)?;
    let tree = child(|| {
        let word = map_to_read(&file)?;
        shut(&file);
        ready()?;
        futex(word, libc::FUTEX_WAIT, 0)
    })?;
    drop(file);
    await_end(tree)
}

/// A file's first page, to be read only, and not shared.
pub(crate) fn map_to_read(file: &OwnedFd) -> Result<&'static AtomicU32> {
    let length = NonZero::new(4096).ok_or("not zero")?;
    let (access, kind) = (ProtFlags::PROT_READ, MapFlags::MAP_PRIVATE);
    // SAFETY: a new mapping, which stays.
    let page = unsafe { mmap(None, length, access, kind, file, 0) }?;
    let word: NonNull<AtomicU32> = page.cast();
    // SAFETY: a page of zeros, of which nothing but futex(2) is made.
    Ok(unsafe { word.as_ref() })
}
