//! Message queues that nobody fills, and that nobody empties.

use std::ptr;

use nix::errno::Errno;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_send, mq_unlink,
};
use nix::sys::stat::Mode;
use nix::unistd::getpid;

use crate::Result;
use crate::process::{await_end, child, cleaned_up, ready};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("mq-empty", "queue-empty", "A A.1", posix_empty)
        .if_closed()
        .says("/hang-"),
    Program::stuck("mq-full", "queue-full", "A A.1", posix_full)
        .if_closed()
        .says("/hang-"),
    Program::stuck("sysv-queue-empty", "queue-empty", "A A.1", system_v_empty)
        .if_closed(),
    Program::stuck("sysv-queue-full", "queue-full", "A", system_v_full)
        .if_closed(),
    Program::stuck("sysv-queue-other", "queue-empty", "A A.1", system_v_other)
        .if_closed(),
];

/// A tree with a queue of one message. Nobody outside of it has the queue
/// open, not even who removes it.
pub(crate) fn with_queue(tree: impl FnOnce(&MqdT) -> Result) -> Result {
    let name = format!("/hang-{}", getpid());
    let remove = || mq_unlink(name.as_str());
    cleaned_up(remove, || {
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let attributes = MqAttr::new(0, 1, 8, 0);
        tree(&mq_open(name.as_str(), flags, mode, Some(&attributes))?)
    })
}

fn posix_empty() -> Result {
    with_queue(|queue| {
        let consumer = child(|| {
            mq_receive(queue, &mut [0; 8], &mut 0)?;
            Ok(())
        })?;
        ready()?;
        await_end(consumer)
    })
}

fn posix_full() -> Result {
    with_queue(|queue| {
        let producer = child(|| {
            mq_send(queue, b"one", 0)?;
            Ok(mq_send(queue, b"two", 0)?)
        })?;
        ready()?;
        await_end(producer)
    })
}

#[repr(C)]
struct Message {
    kind: libc::c_long,
    text: [u8; 1024],
}

/// A tree with a System V queue.
pub(crate) fn with_system_v(tree: impl FnOnce(i32) -> Result) -> Result {
    // SAFETY: a plain call; the queue is new.
    let queue = unsafe { libc::msgget(libc::IPC_PRIVATE, 0o600) };
    let queue = Errno::result(queue)?;
    let none = ptr::null_mut();
    // SAFETY: removes the queue that was made above.
    let remove = || unsafe { libc::msgctl(queue, libc::IPC_RMID, none) };
    cleaned_up(|| Errno::result(remove()), || tree(queue))
}

fn send(queue: i32, kind: libc::c_long) -> Result {
    let message = Message { kind, text: [0; 1024] };
    let size = message.text.len();
    let place = (&raw const message).cast();
    // SAFETY: the message is as long as it says.
    Errno::result(unsafe { libc::msgsnd(queue, place, size, 0) })?;
    Ok(())
}

pub(crate) fn receive(queue: i32, kind: libc::c_long) -> Result {
    let mut message = Message { kind: 0, text: [0; 1024] };
    let size = message.text.len();
    let place = (&raw mut message).cast();
    // SAFETY: the message has the room that it says.
    Errno::result(unsafe { libc::msgrcv(queue, place, size, kind, 0) })?;
    Ok(())
}

fn system_v_empty() -> Result {
    with_system_v(|queue| {
        let consumer = child(|| receive(queue, 0))?;
        ready()?;
        await_end(consumer)
    })
}

fn system_v_full() -> Result {
    with_system_v(|queue| {
        ready()?;
        loop {
            send(queue, 1)?;
        }
    })
}

/// A message is there, of another type than the one that is awaited.
fn system_v_other() -> Result {
    with_system_v(|queue| {
        send(queue, 1)?;
        let consumer = child(|| receive(queue, 2))?;
        ready()?;
        await_end(consumer)
    })
}
