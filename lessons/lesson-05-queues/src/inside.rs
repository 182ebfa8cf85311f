//! The same three items within one process: a queue that lives in memory,
//! and two threads that share this memory.

use std::thread;

use common::{Context, Result, say};
use crossbeam_channel::{Receiver, Sender, unbounded};

pub(crate) fn run() -> Result {
    let (sender, receiver) = unbounded();
    // The scope joins its thread: none is left when a program goes on to
    // fork.
    thread::scope(|scope| {
        thread::Builder::new()
            .spawn_scoped(scope, || consumer(receiver))
            .context("cannot start the consumer's thread")?;
        producer(sender)
    })
}

/// A second thread: its loop ends when the last sender is dropped.
fn consumer(receiver: Receiver<&str>) {
    for item in receiver {
        say!("Consumed: {item}");
    }
    say!("consumer: no sender is left");
}

/// The first thread: owns the only sender, and drops it by returning.
fn producer(sender: Sender<&'static str>) -> Result {
    for item in ["Item 1", "Item 2", "Item 3"] {
        sender.send(item)?;
    }
    Ok(())
}
