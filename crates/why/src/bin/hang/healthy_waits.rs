//! More twins: waits that end, because one of several things will come.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::AtomicU32;
use std::sync::mpsc::channel;
use std::thread::Builder;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::{
    Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout,
};
use nix::sys::select::{FdSet, select};
use nix::sys::stat::Mode;
use nix::sys::time::{TimeSpec, TimeVal, TimeValLike};
use nix::sys::timerfd::{
    ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags,
};
use nix::unistd::{mkfifo, pipe};

use crate::Result;
use crate::healthy::{MINUTE, rest};
use crate::process::{await_end, child, read_one, ready, shut};
use crate::program::Program;
use crate::queues::{receive, with_queue, with_system_v};
use crate::wait_cycle::sockets;
use crate::wait_sets::pidfd;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("pipes-poll-with-end", poll_with_end),
    Program::healthy("select-with-end", select_with_end),
    Program::healthy("poll-and-timerfd", poll_and_timerfd),
    Program::healthy("epoll-and-timerfd", epoll_and_timerfd),
    Program::healthy("epoll-with-end", epoll_with_end),
    Program::healthy("pidfd-of-resting", pidfd_of_resting),
    Program::healthy("fifo-opener-rests", fifo_opener_rests),
    Program::healthy("connector-rests", connector_rests),
    Program::healthy("mq-sender-rests", mq_sender_rests),
    Program::healthy("mq-with-end", mq_with_end),
    Program::healthy("sysv-sender-rests", sysv_sender_rests),
    Program::healthy("futex-with-end", futex_with_end),
    Program::healthy("thread-rests", thread_rests),
    Program::healthy("socket-with-end", socket_with_end),
];

/// Two processes read from each other, if one did not poll with an end.
fn poll_with_end() -> Result {
    let (down_read, down_write) = pipe()?;
    let (up_read, up_write) = pipe()?;
    let server = child(|| {
        shut(&down_write);
        shut(&up_read);
        read_one(&down_read)
    })?;
    drop((down_read, up_write));
    ready()?;
    let mut set = [PollFd::new(up_read.as_fd(), PollFlags::POLLIN)];
    poll(&mut set, PollTimeout::from(60_000_u16))?;
    drop(down_write);
    await_end(server)
}

fn select_with_end() -> Result {
    let (read_end, _write_end) = pipe()?;
    let mut set = FdSet::new();
    set.insert(read_end.as_fd());
    ready()?;
    let mut end = TimeVal::seconds(60);
    select(None, Some(&mut set), None, None, Some(&mut end))?;
    Ok(())
}

pub(crate) fn in_a_minute() -> Result<TimerFd> {
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty())?;
    let end = Expiration::OneShot(TimeSpec::seconds(60));
    timer.set(end, TimerSetTimeFlags::empty())?;
    Ok(timer)
}

fn poll_and_timerfd() -> Result {
    let (read_end, _write_end) = pipe()?;
    let timer = in_a_minute()?;
    ready()?;
    let mut set = [
        PollFd::new(read_end.as_fd(), PollFlags::POLLIN),
        PollFd::new(timer.as_fd(), PollFlags::POLLIN),
    ];
    poll(&mut set, PollTimeout::NONE)?;
    Ok(())
}

fn epoll_and_timerfd() -> Result {
    let (read_end, _write_end) = pipe()?;
    let timer = in_a_minute()?;
    let set = Epoll::new(EpollCreateFlags::empty())?;
    for end in [read_end.as_fd(), timer.as_fd()] {
        set.add(end, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
    }
    ready()?;
    set.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)?;
    Ok(())
}

fn epoll_with_end() -> Result {
    let (read_end, _write_end) = pipe()?;
    let set = Epoll::new(EpollCreateFlags::empty())?;
    set.add(&read_end, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
    ready()?;
    let end = EpollTimeout::from(60_000_u16);
    set.wait(&mut [EpollEvent::empty()], end)?;
    Ok(())
}

fn pidfd_of_resting() -> Result {
    let worker = child(rest)?;
    let descriptor = pidfd(worker)?;
    ready()?;
    let mut set = [PollFd::new(descriptor.as_fd(), PollFlags::POLLIN)];
    poll(&mut set, PollTimeout::NONE)?;
    await_end(worker)
}

fn fifo_opener_rests() -> Result {
    mkfifo("fifo-a", Mode::S_IRUSR | Mode::S_IWUSR)?;
    let reader = child(|| read_one(File::open("fifo-a")?))?;
    child(|| {
        rest()?;
        File::options().write(true).open("fifo-a")?;
        Ok(())
    })?;
    ready()?;
    await_end(reader)
}

fn connector_rests() -> Result {
    let listener = UnixListener::bind("socket")?;
    child(|| {
        rest()?;
        UnixStream::connect("socket")?;
        Ok(())
    })?;
    ready()?;
    listener.accept()?;
    Ok(())
}

fn mq_sender_rests() -> Result {
    with_queue(|queue| {
        child(|| {
            rest()?;
            Ok(nix::mqueue::mq_send(queue, b"one", 0)?)
        })?;
        ready()?;
        nix::mqueue::mq_receive(queue, &mut [0; 8], &mut 0)?;
        Ok(())
    })
}

fn mq_with_end() -> Result {
    with_queue(|queue| {
        let now = std::time::UNIX_EPOCH.elapsed()?.as_secs();
        let end = TimeSpec::new((now + 60).try_into()?, 0);
        ready()?;
        nix::mqueue::mq_timedreceive(queue, &mut [0; 8], &mut 0, &end)?;
        Ok(())
    })
}

fn sysv_sender_rests() -> Result {
    with_system_v(|queue| {
        child(rest)?;
        ready()?;
        receive(queue, 0)
    })
}

fn futex_with_end() -> Result {
    let word = AtomicU32::new(0);
    ready()?;
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    let place = word.as_ptr();
    // SAFETY: word and time outlive the call.
    let done =
        unsafe { libc::syscall(libc::SYS_futex, place, operation, 0, &MINUTE) };
    match Errno::result(done) {
        Err(Errno::ETIMEDOUT) | Ok(_) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// As `join-of-receiver`, if another thread did not sleep with an end.
fn thread_rests() -> Result {
    let (sender, receiver) = channel::<()>();
    Builder::new().spawn(move || {
        rest().ok();
        sender.send(()).ok();
    })?;
    ready()?;
    Ok(receiver.recv()?)
}

/// As `sockets-both-read`, if one did not look for its end.
fn socket_with_end() -> Result {
    let (ours, theirs) = sockets()?;
    let server = child(|| {
        shut(&ours);
        read_one(&theirs)
    })?;
    drop(theirs);
    let ours = UnixStream::from(ours);
    ours.set_read_timeout(Some(std::time::Duration::from_secs(60)))?;
    ready()?;
    read_one(&ours)?;
    await_end(server)
}
