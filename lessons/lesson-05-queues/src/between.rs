//! Three items cross from process to process; the consumer ends because no
//! process holds a sender any more.

use common::{Context, Result, exit_child, expect_success, role, say};
use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

pub(crate) fn run() -> Result {
    role("parent");
    // Made before fork, so that both children inherit it.
    let (sender, receiver) = ipc::channel().context("cannot make a queue")?;

    // SAFETY: this process has one thread.
    let consumer =
        match unsafe { fork() }.context("cannot fork the consumer")? {
            ForkResult::Child => {
                drop(sender);
                exit_child(consumer(receiver))
            }
            ForkResult::Parent { child } => child,
        };
    drop(receiver);

    // SAFETY: this process has one thread.
    let producer =
        match unsafe { fork() }.context("cannot fork the producer")? {
            ForkResult::Child => exit_child(producer(sender)),
            ForkResult::Parent { child } => child,
        };
    // The consumer waits for every sender, this process's too.
    drop(sender);

    expect_success(waitpid(producer, None)?)?;
    expect_success(waitpid(consumer, None)?)
}

/// A child: takes what comes, until nothing can come any more.
fn consumer(receiver: IpcReceiver<String>) -> Result {
    role("consumer");
    loop {
        match receiver.recv() {
            Ok(item) => say!("Consumed: {item}"),
            Err(IpcError::Disconnected) => break,
            Err(error) => return Err(error.into()),
        }
    }
    say!("consumer: no sender is left");
    Ok(())
}

/// The other child: sends, and lets go of its sender by ending.
fn producer(sender: IpcSender<String>) -> Result {
    role("producer");
    for item in ["Item 1", "Item 2", "Item 3"] {
        sender.send(item.to_owned())?;
    }
    Ok(())
}
