//! A queue with three slots. The fourth send is refused or waits, and so the
//! producer is never further ahead than three messages: back-pressure.

use common::{
    Context, Result, exit_child, expect_success, role, say, until_blocked,
};
use nix::errno::Errno;
use nix::mqueue::{
    MqdT, mq_close, mq_remove_nonblock, mq_send, mq_set_nonblock,
};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use crate::message_queue::{message_queue, receive};

pub(crate) fn run() -> Result {
    let queue = message_queue(3)?;

    mq_set_nonblock(&queue)?;
    for item in ["Item 1", "Item 2", "Item 3", "Item 4"] {
        match mq_send(&queue, item.as_bytes(), 0) {
            Ok(()) => say!("not blocking: {item} is in"),
            Err(Errno::EAGAIN) => say!("not blocking: {item}: EAGAIN"),
            Err(errno) => return Err(errno.into()),
        }
    }
    mq_remove_nonblock(&queue)?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the producer")? {
        ForkResult::Child => exit_child(producer(queue)),
        ForkResult::Parent { child } => consumer(queue, child),
    }
}

/// The child: the same fourth item, and now send waits for a free slot.
fn producer(queue: MqdT) -> Result {
    role("producer");
    mq_send(&queue, b"Item 4", 0)?;
    Ok(())
}

/// The parent: takes one item when it has seen that the producer waits.
fn consumer(queue: MqdT, child: Pid) -> Result {
    role("consumer");
    until_blocked(child)?;
    say!("blocking: Item 4: the producer is in state S");

    let (_, item) = receive(&queue)?;
    say!("consumer: takes {item}");
    expect_success(waitpid(child, None)?)?;
    say!("consumer: the producer's send has returned, it has ended");

    for _ in 0..3 {
        let (_, item) = receive(&queue)?;
        say!("consumer: takes {item}");
    }
    mq_close(queue)?;
    Ok(())
}
