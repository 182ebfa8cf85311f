//! Messages that nobody takes lie in a buffer of the kernel, and it ends
//! somewhere. Then send waits, whatever the queue is called.

use common::{Context, Error, Result, exit_child, role, say, until_blocked};
use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

pub(crate) fn run() -> Result {
    let (sender, receiver) = ipc::channel().context("cannot make a queue")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the producer")? {
        ForkResult::Child => {
            // Kept, this copy would let the child wait for a reader for ever,
            // even if the parent, the only one who reads, were gone.
            drop(receiver);
            exit_child(producer(&sender))
        }
        ForkResult::Parent { child } => {
            drop(sender);
            consumer(&receiver, child)
        }
    }
}

/// The child: would send for ever, and is stopped by the queue.
fn producer(sender: &IpcSender<u64>) -> Result {
    role("producer");
    for number in 0.. {
        sender.send(number)?;
    }
    Ok(())
}

/// The parent: takes nothing until the producer waits, then ends it.
fn consumer(receiver: &IpcReceiver<u64>, child: Pid) -> Result {
    role("consumer");
    until_blocked(child)?;
    say!("consumer: the producer is in state S: it waits inside send");

    kill(child, Signal::SIGKILL)?;
    match waitpid(child, None)? {
        WaitStatus::Signaled(_, Signal::SIGKILL, _) => {}
        other => return Err(Error::new(format!("the producer: {other:?}"))),
    }
    say!("consumer: the producer is dead; its messages are not");

    let mut count = 0;
    loop {
        match receiver.recv() {
            Ok(number) if number == count => count += 1,
            Ok(number) => say!("consumer: {number} is out of order"),
            Err(IpcError::Disconnected) => break,
            Err(error) => return Err(error.into()),
        }
    }
    say!("consumer: about {count} messages, in order, then the end");
    Ok(())
}
