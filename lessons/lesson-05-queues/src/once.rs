//! Two consumers share one queue. Who gets how much is luck; that each item
//! is consumed once is not.

use common::{Context, Result, exit_child, expect_success, role, say};
use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

pub(crate) fn run() -> Result {
    let (sender, receiver) = ipc::channel().context("cannot make a queue")?;
    let (result, report) = ipc::channel().context("cannot make a queue")?;

    let mut children = Vec::new();
    for name in ["consumer 1", "consumer 2"] {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context(format_args!("cannot fork {name}"))? {
            ForkResult::Child => {
                drop(sender);
                drop(report);
                exit_child(consumer(name, &receiver, &result))
            }
            ForkResult::Parent { child } => children.push(child),
        }
    }
    drop(receiver);
    drop(result);

    producer(sender)?;
    count(&report)?;
    for child in children {
        expect_success(waitpid(child, None)?)?;
    }
    Ok(())
}

/// A child, twice: notes what it gets, and hands in the list at the end.
fn consumer(
    name: &str,
    receiver: &IpcReceiver<u32>,
    result: &IpcSender<Vec<u32>>,
) -> Result {
    role(name);
    let mut consumed = Vec::new();
    loop {
        match receiver.recv() {
            Ok(item) => consumed.push(item),
            Err(IpcError::Disconnected) => break,
            Err(error) => return Err(error.into()),
        }
    }
    result.send(consumed)?;
    Ok(())
}

/// The parent, first: a hundred items, then no sender.
fn producer(sender: IpcSender<u32>) -> Result {
    role("producer");
    for item in 1..=100 {
        sender.send(item)?;
    }
    Ok(())
}

/// The parent, then: puts both lists together.
fn count(report: &IpcReceiver<Vec<u32>>) -> Result {
    let mut consumed = report.recv()?;
    consumed.extend(report.recv()?);

    let sum: u32 = consumed.iter().sum();
    say!("{} items consumed, their sum is {sum}", consumed.len());
    consumed.sort_unstable();
    let each_once = consumed.into_iter().eq(1..=100);
    say!("each of 1 to 100 consumed exactly once: {each_once}");
    Ok(())
}
