//! Two ways to say "nothing more": all senders gone, which every consumer
//! learns; or a message that means it, which one consumer takes away.

use common::{
    Context, Error, Result, exit_child, expect_success, role, say,
    until_blocked,
};
use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcReceiver};
use nix::mqueue::{MqdT, mq_close, mq_getattr, mq_send};
use nix::sys::wait::{wait, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use crate::message_queue::{message_queue, receive};

const CONSUMERS: [&str; 2] = ["consumer 1", "consumer 2"];

pub(crate) fn run() -> Result {
    disconnect()?;
    sentinel()
}

fn disconnect() -> Result {
    let (sender, receiver) = ipc::channel().context("cannot make a queue")?;
    let mut children = Vec::new();
    for name in CONSUMERS {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context(format_args!("cannot fork {name}"))? {
            ForkResult::Child => {
                drop(sender);
                exit_child(until_disconnected(name, &receiver))
            }
            ForkResult::Parent { child } => children.push(child),
        }
    }
    both_wait(&children)?;
    say!("disconnect: two consumers wait; the last sender goes");
    drop(sender);
    for child in children {
        expect_success(waitpid(child, None)?)?;
    }
    say!("disconnect: both consumers have ended");
    Ok(())
}

/// A child, twice: meets the end without a message.
fn until_disconnected(name: &str, receiver: &IpcReceiver<()>) -> Result {
    role(name);
    match receiver.recv() {
        Ok(()) => Err(Error::new("a message came, and nobody sent one")),
        Err(IpcError::Disconnected) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn sentinel() -> Result {
    let queue = message_queue(3)?;
    let mut children = Vec::new();
    for name in CONSUMERS {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context(format_args!("cannot fork {name}"))? {
            ForkResult::Child => exit_child(until_sentinel(name, &queue)),
            ForkResult::Parent { child } => children.push(child),
        }
    }
    both_wait(&children)?;
    say!("sentinel: two consumers wait; one sentinel is sent");
    mq_send(&queue, b"", 0)?;
    let ended = wait()?;
    expect_success(ended)?;
    children.retain(|child| Some(*child) != ended.pid());
    both_wait(&children)?;
    let left = mq_getattr(&queue)?.curmsgs();
    say!("sentinel: one has ended, one waits, and the queue holds {left}");

    mq_send(&queue, b"", 0)?;
    expect_success(wait()?)?;
    say!("sentinel: a second one ends the other");
    mq_close(queue)?;
    Ok(())
}

/// A child, twice: a POSIX queue counts no senders, so a message must mean
/// the end. Here the empty one does.
fn until_sentinel(name: &str, queue: &MqdT) -> Result {
    role(name);
    loop {
        let (_, message) = receive(queue)?;
        if message.is_empty() {
            return Ok(());
        }
    }
}

fn both_wait(children: &[Pid]) -> Result {
    children.iter().try_for_each(|child| until_blocked(*child))
}
