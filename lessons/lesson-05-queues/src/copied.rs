//! A queue that lives in memory is copied by fork, with all it holds: two
//! queues, and nothing crosses.

use common::{Context, Result, exit_child, expect_success, role, say};
use crossbeam_channel::{Receiver, Sender, unbounded};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

pub(crate) fn run() -> Result {
    let (sender, receiver) = unbounded();
    sender.send("Item 0")?;

    // SAFETY: this process has one thread; the queue needs none.
    match unsafe { fork() }.context("cannot fork the producer")? {
        ForkResult::Child => exit_child(producer(sender, receiver)),
        ForkResult::Parent { child } => consumer(sender, receiver, child),
    }
}

/// The child: sends into its own copy, without any error.
fn producer(sender: Sender<&str>, receiver: Receiver<&str>) -> Result {
    role("producer");
    sender.send("Item 1")?;
    say!("producer: sent Item 1; its queue holds {}", receiver.len());
    Ok(())
}

/// The parent: has a queue of its own, as it was at the fork.
fn consumer(
    sender: Sender<&str>,
    receiver: Receiver<&str>,
    child: Pid,
) -> Result {
    role("consumer");
    expect_success(waitpid(child, None)?)?;
    say!(
        "consumer: the producer has ended; its queue holds {}",
        receiver.len()
    );
    say!("consumer: try_recv returns {:?}", receiver.try_recv());
    say!("consumer: try_recv returns {:?}", receiver.try_recv());
    // Kept until here: without it the answer above were `Disconnected`.
    drop(sender);
    Ok(())
}
