//! Twins that the kernel tells of what somebody outside does to an object of
//! theirs, and one that waits for a receiver whom it only names.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;

use nix::errno::Errno;
use nix::mqueue::{MQ_OFlag, MqAttr, mq_open, mq_unlink};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::{getpid, pause};

use crate::Result;
use crate::healthy_strangers::stand_by;
use crate::process::{child, ready, shut};
use crate::program::Program;
use crate::signals::handle;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("datagrams-to-stranger", datagrams),
    Program::healthy("queue-tells-of-message", queue),
    Program::healthy("urgent-data-of-stranger", urgent),
    Program::healthy("lease-of-file", lease),
];

/// The stranger has not read them yet, and nothing is connected.
fn datagrams() -> Result {
    let theirs: OwnedFd = UnixDatagram::bind("socket")?.into();
    let tree = child(|| {
        shut(&theirs);
        ready()?;
        send_too_many()
    })?;
    stand_by(tree)
}

/// Sends to the socket of this name until there is no room.
pub(crate) fn send_too_many() -> Result {
    let ours = UnixDatagram::unbound()?;
    loop {
        ours.send_to(b"x", "socket")?;
    }
}

/// The stranger may send the first message.
fn queue() -> Result {
    let name = format!("/hang-{}", getpid());
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let attributes = MqAttr::new(0, 1, 8, 0);
    let queue = mq_open(name.as_str(), flags, mode, Some(&attributes))?;
    mq_unlink(name.as_str())?;
    let tree = child(|| {
        handle(Signal::SIGUSR1)?;
        // SAFETY: zeros are a value of the plain type.
        let mut notice: libc::sigevent = unsafe { std::mem::zeroed() };
        notice.sigev_notify = libc::SIGEV_SIGNAL;
        notice.sigev_signo = libc::SIGUSR1;
        // SAFETY: the notice outlives the call.
        let asked =
            unsafe { libc::mq_notify(queue.as_raw_fd(), &raw const notice) };
        Errno::result(asked)?;
        ready()?;
        pause();
        Ok(())
    })?;
    stand_by(tree)
}

/// The other side of a connection may send what is urgent.
fn urgent() -> Result {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let listener: OwnedFd = listener.into();
    let tree = child(|| {
        let ours = TcpStream::connect(address)?;
        shut(&listener);
        handle(Signal::SIGURG)?;
        let number = ours.as_raw_fd();
        // SAFETY: a plain call on an open descriptor.
        let owned =
            unsafe { libc::fcntl(number, libc::F_SETOWN, getpid().as_raw()) };
        Errno::result(owned)?;
        ready()?;
        pause();
        Ok(())
    })?;
    let _theirs = TcpListener::from(listener).accept()?;
    stand_by(tree)
}

/// Whoever opens the file for writing breaks the lease.
fn lease() -> Result {
    drop(crate::files::open("leased")?);
    let tree = child(|| {
        let file = File::open("leased")?;
        handle(Signal::SIGIO)?;
        let number = file.as_raw_fd();
        // SAFETY: a plain call on an open descriptor.
        let leased =
            unsafe { libc::fcntl(number, libc::F_SETLEASE, libc::F_RDLCK) };
        Errno::result(leased)?;
        ready()?;
        pause();
        Ok(())
    })?;
    stand_by(tree)
}
