//! A POSIX message queue sorts: the highest priority first, and the oldest
//! first among equals.

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::mqueue::{MqdT, mq_close, mq_receive, mq_send};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use crate::message_queue::{MESSAGE_SIZE, message_queue, receive};

pub(crate) fn run() -> Result {
    let queue = message_queue(4)?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the producer")? {
        ForkResult::Child => exit_child(producer(queue)),
        ForkResult::Parent { child } => consumer(queue, child),
    }
}

/// The child: sends in the order of the day.
fn producer(queue: MqdT) -> Result {
    role("producer");
    for (priority, text) in [
        (1, "water the plants"),
        (9, "fire"),
        (1, "feed the cat"),
        (9, "flood"),
    ] {
        mq_send(&queue, text.as_bytes(), priority)?;
        say!("producer: {priority} {text}");
    }
    Ok(())
}

/// The parent: receives in the order of urgency.
fn consumer(queue: MqdT, child: Pid) -> Result {
    role("consumer");
    expect_success(waitpid(child, None)?)?;
    for _ in 0..4 {
        let (priority, text) = receive(&queue)?;
        say!("consumer: {priority} {text}");
    }

    mq_send(&queue, b"Hi", 0)?;
    // The buffer is measured against the queue's limit, not the message.
    let mut small = [0; MESSAGE_SIZE - 1];
    match mq_receive(&queue, &mut small, &mut 0) {
        Err(Errno::EMSGSIZE) => {
            say!("consumer: 63 bytes of room for 2: EMSGSIZE");
        }
        other => say!("consumer: 63 bytes of room for 2: {other:?}"),
    }
    let (_, text) = receive(&queue)?;
    say!("consumer: 64 bytes of room for 2: {text}");
    mq_close(queue)?;
    Ok(())
}
