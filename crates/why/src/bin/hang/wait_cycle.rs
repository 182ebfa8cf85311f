//! Rings of different waits.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::channel;
use std::thread::Builder;

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::pipe;

use crate::Result;
use crate::files::{flock, open};
use crate::healthy_notices::send_too_many;
use crate::memory::Semaphore;
use crate::process::{
    Meeting, await_end, child, read_one, ready, shut, write_too_much,
};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("sockets-both-read", "wait-cycle", "A A.1", both_read).says(
        "A (hang) must call write(3) before it waits in read(3), or A.1 \
         (hang) must call write(4) before",
    ),
    Program::stuck("sockets-both-full", "wait-cycle", "A A.1", both_write)
        .says("A (hang) must call read(3) before it waits in write(3), or"),
    Program::stuck("byte-from-waiter", "wait-cycle", "A A.1", byte)
        .says("A (hang) must call write(3) before it waits in wait4."),
    Program::stuck("write-then-wait", "wait-cycle", "A A.1", full)
        .says("A (hang) must call read(3) before it waits in wait4."),
    Program::stuck("flock-of-waiter", "wait-cycle", "A A.1", lock_of_waiter)
        .says("lock; must call flock(3, LOCK_UN) before it waits in wait4."),
    Program::stuck("lock-and-pipe", "wait-cycle", "A A.1 A.2", lock_and_pipe)
        .says(
            "lock; pipe:[; A.1 (hang) must call flock(4, LOCK_UN) before it \
             waits in read(3), or A.2 (hang) must call write(4) or close(4) \
             before it waits in flock(3).",
        ),
    Program::stuck("lock-by-proxy", "wait-cycle", "A A.1 A.2", proxy)
        .says("lock; pipe:["),
    Program::stuck("posted-too-late", "wait-cycle", "A A.1", posted_too_late)
        .says("A (hang) must call sem_post before it waits in wait4."),
    Program::stuck("eventfds-crossed", "wait-cycle", "A A.1", eventfds)
        .says("A (hang) must call write(3) before it waits in read(4), or"),
    Program::stuck("join-of-receiver", "wait-cycle", "A", join)
        .says("(FUTEX_WAKE) before it waits in pthread_join."),
    Program::stuck("datagrams-unread", "wait-cycle", "A A.1", datagrams)
        .if_closed()
        .says("A (hang) must call read(3) before it waits in wait4."),
];

/// The receiver waits for the end of the one that sends.
fn datagrams() -> Result {
    let ours: OwnedFd = UnixDatagram::bind("socket")?.into();
    let sender = child(|| {
        shut(&ours);
        send_too_many()
    })?;
    ready()?;
    await_end(sender)
}

/// A pair of connected stream sockets.
pub(crate) fn sockets() -> Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::empty(),
    )?)
}

fn both_read() -> Result {
    let (ours, theirs) = sockets()?;
    let server = child(|| {
        shut(&ours);
        read_one(&theirs)
    })?;
    drop(theirs);
    ready()?;
    read_one(&ours)?;
    await_end(server)
}

/// Both write all before they read.
fn both_write() -> Result {
    let (ours, theirs) = sockets()?;
    let server = child(|| {
        shut(&ours);
        write_too_much(&theirs)
    })?;
    drop(theirs);
    ready()?;
    write_too_much(&ours)?;
    await_end(server)
}

/// The child waits for a byte, its parent for the child.
fn byte() -> Result {
    let (ours, theirs) = sockets()?;
    let worker = child(|| {
        shut(&ours);
        read_one(&theirs)
    })?;
    drop(theirs);
    ready()?;
    await_end(worker)?;
    nix::unistd::write(&ours, b"x")?;
    Ok(())
}

/// The parent waits for the producer before it reads what that writes.
fn full() -> Result {
    let (read_end, write_end) = pipe()?;
    let producer = child(|| {
        shut(&read_end);
        write_too_much(&write_end)
    })?;
    drop(write_end);
    ready()?;
    await_end(producer)?;
    read_one(&read_end)
}

fn lock_of_waiter() -> Result {
    let file = open("lock")?;
    flock(&file)?;
    let worker = child(|| flock(&open("lock")?))?;
    ready()?;
    await_end(worker)?;
    drop(file);
    Ok(())
}

/// One has the lock and waits for a byte, the other has the byte and waits
/// for the lock.
fn lock_and_pipe() -> Result {
    let (read_end, write_end) = pipe()?;
    let meeting = Meeting::new(1)?;
    let holder = child(|| {
        shut(&write_end);
        let file = open("lock")?;
        flock(&file)?;
        meeting.pass()?;
        read_one(&read_end)
    })?;
    meeting.hold()?;
    let writer = child(|| {
        shut(&read_end);
        flock(&open("lock")?)?;
        nix::unistd::write(&write_end, b"x")?;
        Ok(())
    })?;
    drop((read_end, write_end));
    ready()?;
    await_end(holder)?;
    await_end(writer)
}

/// As `lock_and_pipe`, where a child took the lock and ended: it belongs to
/// the open file description that the holder has.
fn proxy() -> Result {
    let (read_end, write_end) = pipe()?;
    let meeting = Meeting::new(1)?;
    let holder = child(|| {
        shut(&write_end);
        let file = open("lock")?;
        await_end(child(|| flock(&file))?)?;
        meeting.pass()?;
        read_one(&read_end)
    })?;
    meeting.hold()?;
    let writer = child(|| {
        shut(&read_end);
        flock(&open("lock")?)?;
        nix::unistd::write(&write_end, b"x")?;
        Ok(())
    })?;
    drop((read_end, write_end));
    ready()?;
    await_end(holder)?;
    await_end(writer)
}

fn posted_too_late() -> Result {
    let semaphore = Semaphore::shared(0)?;
    let worker = child(|| semaphore.wait())?;
    ready()?;
    await_end(worker)?;
    semaphore.post()
}

fn eventfds() -> Result {
    let flags = EfdFlags::empty();
    let down = EventFd::from_value_and_flags(0, flags)?;
    let up = EventFd::from_value_and_flags(0, flags)?;
    let worker = child(|| {
        down.read()?;
        up.write(1)?;
        Ok(())
    })?;
    ready()?;
    up.read()?;
    down.write(1)?;
    await_end(worker)
}

/// The thread receives until no sender is left, and the sender is with the
/// one who joins it.
fn join() -> Result {
    let (sender, receiver) = channel::<()>();
    let thread =
        Builder::new().spawn(move || while receiver.recv().is_ok() {})?;
    ready()?;
    thread.join().map_err(|_| "the thread panicked")?;
    drop(sender);
    Ok(())
}
