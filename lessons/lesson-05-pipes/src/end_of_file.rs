//! A reader meets the end when the last write end is closed, in whichever
//! process it was left open.

use std::os::fd::{AsFd, OwnedFd};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe, read, write};

pub(crate) fn run() -> Result {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the sender")? {
        ForkResult::Child => {
            drop(read_end);
            exit_child(sender(write_end))
        }
        ForkResult::Parent { child } => receiver(read_end, write_end, child),
    }
}

/// The child: one message; its copy of the write end dies with it.
fn sender(write_end: OwnedFd) -> Result {
    role("sender");
    write(&write_end, b"Bye")?;
    Ok(())
}

/// The parent: keeps its copy of the write end longer than it should.
fn receiver(read_end: OwnedFd, write_end: OwnedFd, child: Pid) -> Result {
    role("receiver");
    expect_success(waitpid(child, None)?)?;
    say!("receiver: the sender has ended");

    let mut message = [0; 64];
    let length = read(&read_end, &mut message)?;
    let text = String::from_utf8_lossy(&message[..length]);
    say!("receiver: {length} bytes: {text}");

    say!("receiver: holds a write end itself: {}", next_read(&read_end)?);
    drop(write_end);
    say!("receiver: has closed it: {}", next_read(&read_end)?);
    let length = read(&read_end, &mut message)?;
    say!("receiver: read returns {length}, the end of file");
    Ok(())
}

/// What the next read would do, asked without doing it.
fn next_read(read_end: &OwnedFd) -> Result<&'static str> {
    let mut pipe = [PollFd::new(read_end.as_fd(), PollFlags::POLLIN)];
    Ok(match poll(&mut pipe, PollTimeout::ZERO)? {
        0 => "a read would wait for ever",
        _ => "a read would return at once",
    })
}
