//! What the notebook does: consume while the queue is not empty. The wait
//! below picks one of the orders that the scheduler may pick.

use common::{Context, Result, exit_child, expect_success, role, say};
use ipc_channel::TryRecvError;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

pub(crate) fn run() -> Result {
    role("parent");
    let (sender, receiver) = ipc::channel().context("cannot make a queue")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the consumer")? {
        ForkResult::Child => {
            drop(sender);
            exit_child(consumer(&receiver))
        }
        ForkResult::Parent { child } => expect_success(waitpid(child, None)?)?,
    }

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the producer")? {
        ForkResult::Child => {
            drop(receiver);
            exit_child(producer(&sender))
        }
        ForkResult::Parent { child } => expect_success(waitpid(child, None)?)?,
    }

    while let Ok(item) = receiver.try_recv() {
        say!("nobody consumed {item}");
    }
    Ok(())
}

/// A child: "empty" is all it asks, and it takes it for the end.
fn consumer(receiver: &IpcReceiver<String>) -> Result {
    role("consumer");
    loop {
        match receiver.try_recv() {
            Ok(item) => say!("Consumed: {item}"),
            Err(TryRecvError::Empty) => break,
            Err(error) => return Err(error.into()),
        }
    }
    say!("consumer: the queue is empty, so this is the end");
    Ok(())
}

/// The other child: late by the blink of an eye.
fn producer(sender: &IpcSender<String>) -> Result {
    role("producer");
    for item in ["Item 1", "Item 2", "Item 3"] {
        sender.send(item.to_owned())?;
    }
    say!("producer: three items sent");
    Ok(())
}
