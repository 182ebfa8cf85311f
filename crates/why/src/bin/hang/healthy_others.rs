//! Twins that somebody moves who is not in the ring: by a signal, by a
//! descriptor, as a tracer, as another listener.

use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction,
};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket,
};
use nix::unistd::{Pid, getpid, pipe};

use crate::Result;
use crate::healthy::rest;
use crate::process::{await_end, child, read_one, ready, shut};
use crate::program::Program;
use crate::signals::handle;
use crate::wait_cycle::sockets;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("handler-writes-to-other", by_handler).unless_closed(),
    Program::healthy("handler-and-sender", by_sender),
    Program::healthy("notice-of-descriptor", by_notice),
    Program::healthy("stopped-for-tracer", by_tracer),
    Program::healthy("listener-of-same-name", by_listener),
];

static TO_OTHER: AtomicI32 = AtomicI32::new(-1);

extern "C" fn tell_other(_: libc::c_int) {
    let end: RawFd = TO_OTHER.load(Relaxed);
    // SAFETY: write(2) may be called in a handler; the byte is static.
    unsafe { libc::write(end, c"x".as_ptr().cast(), 1) };
}

/// Two processes read from each other.
fn ring(begin: impl FnOnce(OwnedFd) -> Result) -> Result {
    let (down_read, down_write) = pipe()?;
    let (up_read, up_write) = pipe()?;
    let other = child(|| {
        shut(&down_write);
        shut(&up_read);
        read_one(&down_read)?;
        nix::unistd::write(&up_write, b"x")?;
        Ok(())
    })?;
    drop((down_read, up_write));
    begin(down_write)?;
    ready()?;
    read_one(&up_read)?;
    await_end(other)
}

/// The handler of one writes into the pipe from which the other reads.
fn by_handler() -> Result {
    ring(|write_end| {
        TO_OTHER.store(write_end.into_raw_fd(), Relaxed);
        let handler = SigHandler::Handler(tell_other);
        let flags = SaFlags::SA_RESTART;
        let action = SigAction::new(handler, flags, SigSet::empty());
        // SAFETY: the handler makes one call that may be made there.
        unsafe { sigaction(Signal::SIGUSR1, &action) }?;
        Ok(())
    })
}

fn by_sender() -> Result {
    child(|| {
        rest()?;
        Ok(nix::sys::signal::kill(nix::unistd::getppid(), Signal::SIGUSR1)?)
    })?;
    by_handler()
}

/// The kernel sends SIGIO when the other side of a socket writes, and that
/// side is with whoever started the tree.
fn by_notice() -> Result {
    let (ours, theirs) = sockets()?;
    let tree = child(|| {
        shut(&theirs);
        handle(Signal::SIGIO)?;
        let number = ours.as_raw_fd();
        // SAFETY: a plain call on an open descriptor.
        let owned =
            unsafe { libc::fcntl(number, libc::F_SETOWN, getpid().as_raw()) };
        Errno::result(owned)?;
        fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_ASYNC))?;
        ring(|write_end| {
            let _stays_open = write_end.into_raw_fd();
            Ok(())
        })
    })?;
    drop(ours);
    await_end(tree)
}

fn trace(request: libc::c_uint, process: Pid) -> Result {
    let none = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: these requests take no address and no data.
    let done = unsafe { libc::ptrace(request, process.as_raw(), none, none) };
    Errno::result(done)?;
    Ok(())
}

/// Stopped, and its tracer will let it go on.
fn by_tracer() -> Result {
    let (read_end, write_end) = pipe()?;
    let tree = child(|| {
        shut(&write_end);
        read_one(&read_end)?;
        ready()?;
        Ok(raise(Signal::SIGSTOP)?)
    })?;
    trace(libc::PTRACE_SEIZE, tree)?;
    nix::unistd::write(&write_end, b"x")?;
    let mut status = 0;
    // SAFETY: the status outlives the call.
    let wait = |status: &mut i32| unsafe {
        libc::waitpid(tree.as_raw(), status, libc::__WALL)
    };
    Errno::result(wait(&mut status))?;
    if libc::WSTOPSIG(status) == libc::SIGSTOP && status >> 16 == 0 {
        // The signal is on its way: only then does it stop.
        trace_with(libc::PTRACE_CONT, tree, libc::SIGSTOP)?;
        Errno::result(wait(&mut status))?;
    }
    trace(libc::PTRACE_LISTEN, tree)?;
    Errno::result(wait(&mut status))?;
    Ok(())
}

fn trace_with(request: libc::c_uint, process: Pid, data: i32) -> Result {
    let none = std::ptr::null_mut::<libc::c_void>();
    let data = data as libc::c_long;
    // SAFETY: the data is a signal's number.
    let done = unsafe { libc::ptrace(request, process.as_raw(), none, data) };
    Errno::result(done)?;
    Ok(())
}

/// The path leads to a listener outside; one of the tree has the same path
/// of another folder.
fn by_listener() -> Result {
    std::fs::create_dir("ours")?;
    std::fs::create_dir("theirs")?;
    std::env::set_current_dir("theirs")?;
    let full = listener()?;
    let tree = child(|| {
        shut(&full);
        std::env::set_current_dir("../ours")?;
        let _own = UnixListener::bind("socket")?;
        std::env::set_current_dir("../theirs")?;
        let mut connected = vec![UnixStream::connect("socket")?];
        ready()?;
        connected.push(UnixStream::connect("socket")?);
        Ok(())
    })?;
    await_end(tree)?;
    drop(full);
    Ok(())
}

/// With room for one that waits.
fn listener() -> Result<OwnedFd> {
    let flags = SockFlag::empty();
    let kind = SockType::Stream;
    let listener = socket(AddressFamily::Unix, kind, flags, None)?;
    bind(listener.as_raw_fd(), &UnixAddr::new("socket")?)?;
    listen(&listener, Backlog::new(0)?)?;
    Ok(listener)
}
