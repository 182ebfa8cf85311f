//! `--naive`: the notebook's queue, once with its loop and once with an end.

use std::thread;

use common::{Context, Error, Result, exit_child, expect_success, role};
use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

/// Consumes while the queue is not empty.
pub(crate) fn naive() -> Result<bool> {
    items_left_behind(|receiver| {
        let mut count = 0;
        while receiver.try_recv().is_ok() {
            count += 1;
        }
        Ok(count)
    })
}

/// Consumes until no sender is left.
pub(crate) fn right() -> Result<bool> {
    items_left_behind(|receiver| {
        let mut count = 0;
        loop {
            match receiver.recv() {
                Ok(_) => count += 1,
                Err(IpcError::Disconnected) => return Ok(count),
                Err(error) => return Err(error.into()),
            }
        }
    })
}

type Items = IpcReceiver<String>;

/// Starts the producer, starts the consumer, waits for both.
fn items_left_behind(consume: fn(&Items) -> Result<u32>) -> Result<bool> {
    let (sender, receiver) = ipc::channel().context("cannot make a queue")?;
    let (result, report) = ipc::channel().context("cannot make a queue")?;

    // SAFETY: this process has one thread.
    let producer =
        match unsafe { fork() }.context("cannot fork the producer")? {
            ForkResult::Child => {
                drop(receiver);
                exit_child(producer(sender))
            }
            ForkResult::Parent { child } => child,
        };
    // SAFETY: this process has one thread.
    let consumer =
        match unsafe { fork() }.context("cannot fork the consumer")? {
            ForkResult::Child => {
                drop(sender);
                exit_child(consumer(|| consume(&receiver), &result))
            }
            ForkResult::Parent { child } => child,
        };
    // The receiver stays open here: a producer whose consumer has left early
    // would otherwise fail.
    drop(sender);

    expect_success(waitpid(producer, None)?)?;
    expect_success(waitpid(consumer, None)?)?;
    Ok(report.recv()? < 3)
}

/// A child. In Python `put` hands the item to a thread, which writes it into
/// a pipe some time later; the same here.
fn producer(sender: IpcSender<String>) -> Result {
    role("producer");
    let feeder = thread::Builder::new()
        .spawn(move || {
            ["Item 1", "Item 2", "Item 3"]
                .into_iter()
                .try_for_each(|item| sender.send(item.to_owned()))
        })
        .context("cannot start the feeder's thread")?;
    Ok(feeder.join().map_err(|_| Error::new("the feeder panicked"))??)
}

/// The other child: tells how many items it has consumed.
fn consumer(
    consume: impl Fn() -> Result<u32>,
    result: &IpcSender<u32>,
) -> Result {
    role("consumer");
    result.send(consume()?)?;
    Ok(())
}
