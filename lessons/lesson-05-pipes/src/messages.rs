//! Two pipes, one for each direction: messages go out, acknowledgements come
//! back, and the end of file says that there is nothing more.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe};

pub(crate) fn run() -> Result {
    let (message_read, message_write) = pipe().context("cannot make a pipe")?;
    let (ack_read, ack_write) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the receiver")? {
        ForkResult::Child => {
            drop(message_write);
            drop(ack_read);
            exit_child(receiver(message_read, ack_write))
        }
        ForkResult::Parent { child } => {
            drop(message_read);
            drop(ack_write);
            sender(message_write, ack_read, child)
        }
    }
}

/// The child: acknowledges a message when it is done with it, not before.
fn receiver(message_read: OwnedFd, ack_write: OwnedFd) -> Result {
    role("receiver");
    let mut acks = File::from(ack_write);
    // A pipe carries bytes without borders. Here a newline ends a message.
    for message in BufReader::new(File::from(message_read)).lines() {
        say!("Received: {}", message?);
        acks.write_all(b"ack\n")?;
    }
    say!("Closing connection...");
    Ok(())
}

/// The parent: sends a message, waits until it is acknowledged, goes on.
fn sender(message_write: OwnedFd, ack_read: OwnedFd, child: Pid) -> Result {
    role("sender");
    let mut messages = File::from(message_write);
    let mut acks = BufReader::new(File::from(ack_read));

    for message in ["Hi", "How are you?", "Bye"] {
        writeln!(messages, "{message}")?;
        let mut ack = String::new();
        if acks.read_line(&mut ack)? == 0 {
            return Err(Error::new("the receiver went away"));
        }
    }
    // No word in the stream means "over": any word may be a message. Letting
    // go of the last write end says it.
    drop(messages);
    expect_success(waitpid(child, None)?)
}
