//! Twins whose waker is hard to see.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread::Builder;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::epoll::{
    Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout,
};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction,
};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{dup, pipe, pipe2};

use crate::Result;
use crate::healthy::rest;
use crate::healthy_waits::in_a_minute;
use crate::memory::Semaphore;
use crate::process::{Meeting, await_end, child, read_one, ready, shut};
use crate::program::Program;
use crate::signals::block;
use crate::wait_cycle::sockets;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("epoll-renumbered", renumbered),
    Program::healthy("epoll-renumbered-alike", renumbered_alike),
    Program::healthy("epoll-in-epoll-in-epoll", nested),
    Program::healthy("write-end-of-thread-alone", table_of_its_own),
    Program::healthy("leader-exited", leader_exited),
    Program::healthy("self-pipe-of-handler", self_pipe).unless_closed(),
    Program::healthy("semaphore-of-handler", posted_by_handler).unless_closed(),
    Program::healthy("thread-in-sigwait", thread_in_sigwait).unless_closed(),
    Program::healthy("orphan-has-write-end", orphan).unless_closed(),
    Program::healthy("write-end-in-flight", in_flight),
    Program::healthy("netlink-read", netlink),
    Program::healthy("inotify-read", inotify).unless_closed(),
];

/// An epoll set keeps the file, not the number: where a timer was registered
/// there is now a pipe.
fn renumbered() -> Result {
    let timer = in_a_minute()?;
    let number = timer.as_fd().as_raw_fd();
    let set = Epoll::new(EpollCreateFlags::empty())?;
    set.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
    let _keeps_the_timer = dup(&timer)?;
    drop(timer);
    let (read_end, _write_end) = pipe()?;
    assert_eq!(read_end.as_raw_fd(), number, "the lowest free number");
    ready()?;
    set.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
    Ok(())
}

/// Neither timers nor events have an inode of their own to tell them apart.
fn renumbered_alike() -> Result {
    let timer = in_a_minute()?;
    let number = timer.as_fd().as_raw_fd();
    let set = Epoll::new(EpollCreateFlags::empty())?;
    set.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
    let _keeps_the_timer = dup(&timer)?;
    drop(timer);
    let event = EventFd::from_value_and_flags(0, EfdFlags::empty())?;
    assert_eq!(event.as_raw_fd(), number, "the lowest free number");
    ready()?;
    set.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
    Ok(())
}

/// The timer is at the bottom, and every set has a pipe beside.
fn nested() -> Result {
    let timer = in_a_minute()?;
    let (read_end, _write_end) = pipe()?;
    let mut sets: Vec<Epoll> = Vec::new();
    for _ in 0..3 {
        let set = Epoll::new(EpollCreateFlags::empty())?;
        let event = || EpollEvent::new(EpollFlags::EPOLLIN, 0);
        match sets.last() {
            Some(inner) => set.add(&inner.0, event())?,
            None => set.add(&timer, event())?,
        }
        set.add(&read_end, event())?;
        sets.push(set);
    }
    let outermost = sets.last().ok_or("three sets")?;
    ready()?;
    outermost.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
    Ok(())
}

/// A thread that rests has the write end in a table of its own; its process
/// has closed it, and waits at the same pipe as the first.
fn table_of_its_own() -> Result {
    let (read_end, write_end) = pipe()?;
    let meeting = Meeting::new(1)?;
    child(|| {
        let (done, is_done) = channel();
        Builder::new().spawn(move || {
            done.send(unshare(CloneFlags::CLONE_FILES)).ok();
            rest().ok();
        })?;
        is_done.recv()??;
        shut(&write_end);
        meeting.pass()?;
        read_one(&read_end)
    })?;
    meeting.await_members()?;
    ready()?;
    read_one(&read_end)
}

/// `/proc` calls the process a zombie, but only its first thread has ended.
fn leader_exited() -> Result {
    let worker = child(|| {
        Builder::new().spawn(rest_and_end)?;
        exit_thread()
    })?;
    ready()?;
    await_end(worker)
}

fn rest_and_end() {
    rest().ok();
}

/// Ends the calling thread and not its process.
pub(crate) fn exit_thread() -> Result {
    // SAFETY: nothing of this thread is used by another.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    Err("the thread is still there".into())
}

static TO_ITSELF: AtomicI32 = AtomicI32::new(-1);

extern "C" fn tell(_: libc::c_int) {
    let end: RawFd = TO_ITSELF.load(Relaxed);
    // SAFETY: write(2) may be called in a handler; the byte is static.
    unsafe { libc::write(end, c"x".as_ptr().cast(), 1) };
}

/// The handler of a signal writes to the process's own pipe: a server that
/// waits for SIGTERM looks like this.
fn self_pipe() -> Result {
    let (read_end, write_end) = pipe2(OFlag::O_NONBLOCK)?;
    TO_ITSELF.store(write_end.into_raw_fd(), Relaxed);
    on_term(tell)?;
    let set = Epoll::new(EpollCreateFlags::empty())?;
    set.add(&read_end, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
    ready()?;
    set.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
    Ok(())
}

fn on_term(handler: extern "C" fn(libc::c_int)) -> Result {
    let handler = SigHandler::Handler(handler);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handlers of this file make one call that may be made there.
    unsafe { sigaction(Signal::SIGTERM, &action) }?;
    Ok(())
}

static POSTED: OnceLock<&Semaphore> = OnceLock::new();

extern "C" fn post(_: libc::c_int) {
    // sem_post(3) may be called in a handler.
    if let Some(semaphore) = POSTED.get() {
        semaphore.post().ok();
    }
}

/// The handler of a signal posts the semaphore for which its process waits.
fn posted_by_handler() -> Result {
    let semaphore = Semaphore::shared(0)?;
    POSTED.set(semaphore).map_err(|_| "set once")?;
    on_term(post)?;
    ready()?;
    semaphore.wait()
}

/// One thread is there for the signals, and the other waits for it.
fn thread_in_sigwait() -> Result {
    block(&[Signal::SIGTERM])?;
    let thread = Builder::new().spawn(|| {
        let awaited: SigSet = [Signal::SIGTERM].into_iter().collect();
        awaited.wait().ok();
    })?;
    ready()?;
    thread.join().map_err(|_| "the thread panicked".into())
}

/// A process that has left the tree holds the write end, and rests.
fn orphan() -> Result {
    let (read_end, write_end) = pipe()?;
    let (until_end, end) = pipe()?;
    let meeting = Meeting::new(1)?;
    let between = child(|| {
        child(|| {
            nix::sys::prctl::set_pdeathsig(None)?;
            shut(&end);
            meeting.pass()?;
            // No longer than the tree.
            let flags = PollFlags::POLLIN;
            let mut set = [PollFd::new(until_end.as_fd(), flags)];
            poll(&mut set, PollTimeout::from(60_000_u16))?;
            Ok(())
        })?;
        // Not before the other may outlive this one.
        meeting.await_members()?;
        Ok(())
    })?;
    drop(write_end);
    await_end(between)?;
    ready()?;
    read_one(&read_end)?;
    drop(end);
    Ok(())
}

/// A second write end is on its way through a socket, to somebody who rests.
fn in_flight() -> Result {
    let (read_end, write_end) = pipe()?;
    let (to, from) = sockets()?;
    let reader = child(|| {
        shut(&to);
        shut(&from);
        read_one(&read_end)
    })?;
    send(&to, &write_end)?;
    drop(write_end);
    child(|| {
        rest()?;
        read_one(&from)
    })?;
    ready()?;
    await_end(reader)
}

/// A control message with one descriptor, as cmsg(3) lays it out.
#[repr(C)]
struct Rights {
    header: libc::cmsghdr,
    descriptor: RawFd,
}

pub(crate) fn send(to: &OwnedFd, descriptor: &OwnedFd) -> Result {
    let length = size_of::<libc::cmsghdr>() + size_of::<RawFd>();
    let mut rights = Rights {
        header: libc::cmsghdr {
            cmsg_len: length,
            cmsg_level: libc::SOL_SOCKET,
            cmsg_type: libc::SCM_RIGHTS,
        },
        descriptor: descriptor.as_raw_fd(),
    };
    let mut byte = [b'x'];
    let mut part =
        libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    // SAFETY: a message of zeros is an empty one.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut rights).cast();
    message.msg_controllen = size_of::<Rights>();
    // SAFETY: all parts of the message outlive the call.
    let sent = unsafe { libc::sendmsg(to.as_raw_fd(), &raw const message, 0) };
    Errno::result(sent)?;
    Ok(())
}

/// The kernel is the peer.
fn netlink() -> Result {
    let kind = SockType::Raw;
    let flags = SockFlag::empty();
    let end = socket(AddressFamily::Netlink, kind, flags, None)?;
    ready()?;
    read_one(&end)
}

/// Anybody may change the folder.
fn inotify() -> Result {
    // SAFETY: a plain call.
    let events = Errno::result(unsafe { libc::inotify_init1(0) })?;
    let mask = libc::IN_CREATE;
    // SAFETY: the path is a static string.
    let watch = unsafe { libc::inotify_add_watch(events, c".".as_ptr(), mask) };
    Errno::result(watch)?;
    // SAFETY: made above, and owned by nobody else.
    let events = unsafe { OwnedFd::from_raw_fd(events) };
    ready()?;
    nix::unistd::read(&events, &mut [0; 512])?;
    Ok(())
}
