//! The other side of a FIFO or a socket is not there.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket,
};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::Result;
use crate::process::{await_end, child, ready, shut};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("fifo-no-writer", "no-peer", "A", no_writer)
        .if_closed()
        .says("fifo-a"),
    Program::stuck("fifo-no-reader", "no-peer", "A A.1", no_reader)
        .if_closed()
        .says("fifo-a"),
    Program::stuck("fifo-two-readers", "no-peer", "A A.1 A.2", two_readers)
        .if_closed()
        .says("fifo-a"),
    Program::stuck("fifo-of-escapes", "no-peer", "A", escapes)
        .if_closed()
        .says(r"A (\n) Z 1 (\u{1b}[31m) waits; a\n\u{1b}[2Jb"),
    Program::stuck("fifos-crossed", "no-peer", "A A.1 A.2", crossed)
        .if_closed()
        .says(
            "A.1 (hang) waits in open for the other side of the FIFO fifo-a, \
             and A.2 (hang) in open for that of fifo-b.; both must open the \
             two in one order",
        ),
    Program::stuck("accept-nobody", "no-peer", "A A.1", nobody_connects)
        .if_closed()
        .says("socket"),
    Program::stuck("datagram-nobody", "no-peer", "A A.1", nobody_sends)
        .if_closed()
        .says("socket"),
    Program::stuck("connect-to-waiter", "no-peer", "A A.1", nobody_accepts)
        .says("accept"),
];

fn fifo(name: &str) -> Result {
    Ok(mkfifo(name, Mode::S_IRUSR | Mode::S_IWUSR)?)
}

fn read_open(name: &str) -> Result {
    File::open(name)?;
    Ok(())
}

fn write_open(name: &str) -> Result {
    File::options().write(true).open(name)?;
    Ok(())
}

fn no_writer() -> Result {
    fifo("fifo-a")?;
    ready()?;
    read_open("fifo-a")
}

/// Names that a terminal would obey.
fn escapes() -> Result {
    nix::sys::prctl::set_name(c"\n) Z 1 (\x1b[31m")?;
    fifo("a\n\x1b[2Jb")?;
    ready()?;
    read_open("a\n\x1b[2Jb")
}

fn no_reader() -> Result {
    fifo("fifo-a")?;
    let writer = child(|| write_open("fifo-a"))?;
    ready()?;
    await_end(writer)
}

fn two_readers() -> Result {
    fifo("fifo-a")?;
    let first = child(|| read_open("fifo-a"))?;
    let second = child(|| read_open("fifo-a"))?;
    ready()?;
    await_end(first)?;
    await_end(second)
}

/// Each opens first what the other opens second.
fn crossed() -> Result {
    fifo("fifo-a")?;
    fifo("fifo-b")?;
    let first = child(|| {
        read_open("fifo-a")?;
        write_open("fifo-b")
    })?;
    let second = child(|| {
        read_open("fifo-b")?;
        write_open("fifo-a")
    })?;
    ready()?;
    await_end(first)?;
    await_end(second)
}

fn nobody_connects() -> Result {
    let server = child(|| {
        UnixListener::bind("socket")?.accept()?;
        Ok(())
    })?;
    ready()?;
    await_end(server)
}

fn nobody_sends() -> Result {
    let receiver = child(|| {
        UnixDatagram::bind("socket")?.recv(&mut [0])?;
        Ok(())
    })?;
    ready()?;
    await_end(receiver)
}

/// The parent has room for one who waits to be accepted, and accepts nobody.
fn nobody_accepts() -> Result {
    let flags = SockFlag::empty();
    let kind = SockType::Stream;
    let listener = socket(AddressFamily::Unix, kind, flags, None)?;
    bind(listener.as_raw_fd(), &UnixAddr::new("socket")?)?;
    listen(&listener, Backlog::new(0)?)?;
    let client = child(|| {
        shut(&listener);
        let mut connected = Vec::new();
        for _ in 0..3 {
            connected.push(UnixStream::connect("socket")?);
        }
        Ok(())
    })?;
    ready()?;
    await_end(client)?;
    drop(listener);
    Ok(())
}
