//! "Write everything, then read" stands still as soon as everything is more
//! than the pipes can hold.

use std::os::fd::{AsFd, OwnedFd};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe, read, write};

/// What the echo reads and writes at once.
const CHUNK: usize = 4096;

pub(crate) fn run() -> Result {
    let (echo_input, to_echo) = pipe().context("cannot make a pipe")?;
    let (from_echo, echo_output) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the echo")? {
        ForkResult::Child => {
            drop(to_echo);
            drop(from_echo);
            exit_child(echo(echo_input, echo_output))
        }
        ForkResult::Parent { child } => {
            drop(echo_input);
            drop(echo_output);
            parent(to_echo, from_echo, child)
        }
    }
}

/// The child: sends back what it reads, until the end.
fn echo(input: OwnedFd, output: OwnedFd) -> Result {
    role("echo");
    let mut chunk = [0; CHUNK];
    loop {
        match read(&input, &mut chunk)? {
            0 => return Ok(()),
            length => write(&output, &chunk[..length])?,
        };
    }
}

/// The parent: writes as long as anything can move, then does it right.
fn parent(to_echo: OwnedFd, from_echo: OwnedFd, child: Pid) -> Result {
    fcntl(&to_echo, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let one_pipe = fcntl(&to_echo, FcntlArg::F_GETPIPE_SZ)? as usize;
    // Two full pipes, and the chunk that the echo cannot put down. Not one
    // byte more can leave this process before it reads.
    let limit = one_pipe + CHUNK + one_pipe;
    let all = 2 * limit;
    let mut sent = 0;
    while sent < limit {
        can(&to_echo, PollFlags::POLLOUT, PollTimeout::NONE)?;
        sent += write(&to_echo, &[b'x'; CHUNK])?;
    }
    say!("parent: {sent} of {all} bytes written, none read");
    if !can(&to_echo, PollFlags::POLLOUT, PollTimeout::ZERO)? {
        say!("parent: the next write waits for the echo to read");
        say!("parent: the echo waits for this process to read");
    }

    let mut chunk = [0; CHUNK];
    let mut received = 0;
    while received < all {
        can(&from_echo, PollFlags::POLLIN, PollTimeout::NONE)?;
        received += read(&from_echo, &mut chunk)?;
        if sent < all && can(&to_echo, PollFlags::POLLOUT, PollTimeout::ZERO)? {
            sent += write(&to_echo, &[b'x'; CHUNK])?;
        }
    }
    drop(to_echo);
    expect_success(waitpid(child, None)?)?;
    say!("parent: reads between its writes: {received} bytes came back");
    Ok(())
}

/// Whether the descriptor is ready for that, now or within the time-out.
fn can(end: &OwnedFd, for_what: PollFlags, wait: PollTimeout) -> Result<bool> {
    Ok(poll(&mut [PollFd::new(end.as_fd(), for_what)], wait)? > 0)
}
