//! Producers put messages of one size into a queue, one consumer takes all.

use std::ffi::CString;
use std::os::fd::AsRawFd;
use std::thread;

use common::{Context, Error, Result};
use crossbeam_channel::unbounded;
use ipc_channel::ipc;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_send, mq_unlink,
};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair,
};
use nix::sys::stat::Mode;
use nix::unistd::getpid;

use crate::clock::{now, pin};
use crate::crew::Crew;
use crate::task::Task;

/// What every byte of a message is.
const BYTE: u8 = b'x';

pub(crate) fn measure(task: &Task) -> Result<f64> {
    match &*task.way {
        "seqpacket" => by_seqpacket(task),
        "typed" => by_typed_channel(task),
        "bytes" => by_bytes_channel(task),
        "mq" => by_message_queue(task),
        "threads" => between_threads(task),
        _ => Err(task.unknown()),
    }
}

/// Nanoseconds for a message, from the opened gate to the last one taken.
/// `put` sends one, `take` returns the length and the last byte of one.
fn through(
    task: &Task,
    put: impl Fn(&[u8]) -> Result,
    mut take: impl FnMut() -> Result<(usize, u8)>,
) -> Result<f64> {
    let each = task.count / task.senders;
    let cpus = vec![task.last_cpu(); task.senders];
    let crew = Crew::at_gate(&cpus, |_| {
        let message = vec![BYTE; task.size];
        (0..each).try_for_each(|_| put(&message))
    })?;
    let all = each * task.senders;
    let begun = now();
    let producers = crew.begin();
    for _ in 0..all {
        if take()? != (task.size, BYTE) {
            return Err(Error::new("another message came than was sent"));
        }
    }
    let took = now() - begun;
    producers.reap()?;
    Ok(took as f64 / all as f64)
}

/// What ipc-channel is made of, by hand: `SOCK_SEQPACKET` keeps borders.
fn by_seqpacket(task: &Task) -> Result<f64> {
    let (sender, receiver) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::empty(),
    )
    .context("cannot make a socketpair")?;
    let (sender, receiver) = (&sender, &receiver);

    let put = |message: &[u8]| {
        send(sender.as_raw_fd(), message, MsgFlags::empty())?;
        Ok(())
    };
    let mut buffer = vec![0; task.size];
    through(task, put, || {
        let flags = MsgFlags::empty();
        let length = recv(receiver.as_raw_fd(), &mut buffer, flags)?;
        Ok((length, buffer[length.saturating_sub(1)]))
    })
}

/// The lesson's way: values of a type. Each byte of a `Vec<u8>` is a value.
fn by_typed_channel(task: &Task) -> Result<f64> {
    let (sender, receiver) = ipc::channel().context("cannot make a queue")?;
    let put = |message: &[u8]| Ok(sender.send(message.to_vec())?);
    through(task, put, || seen(&receiver.recv()?))
}

/// The same package, with bytes as they are.
fn by_bytes_channel(task: &Task) -> Result<f64> {
    let (sender, receiver) =
        ipc::bytes_channel().context("cannot make a queue")?;
    let put = |message: &[u8]| Ok(sender.send(message)?);
    through(task, put, || seen(&receiver.recv()?))
}

fn seen(message: &[u8]) -> Result<(usize, u8)> {
    Ok((message.len(), message.last().copied().unwrap_or_default()))
}

fn by_message_queue(task: &Task) -> Result<f64> {
    let queue = message_queue(task.size)?;
    let put = |message: &[u8]| Ok(mq_send(&queue, message, 0)?);
    let mut buffer = vec![0; task.size];
    through(task, put, || {
        let mut priority = 0;
        let length = mq_receive(&queue, &mut buffer, &mut priority)?;
        Ok((length, buffer[length.saturating_sub(1)]))
    })
}

/// A queue of ten messages; its name is gone when this returns.
fn message_queue(size: usize) -> Result<MqdT> {
    let name = CString::new(format!("/forklore-bench-{}", getpid()))?;
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
    let shape = MqAttr::new(0, 10, i64::try_from(size)?, 0);
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let queue = mq_open(&*name, flags, mode, Some(&shape))
        .context("cannot make a message queue; limits: /proc/sys/fs/mqueue")?;
    mq_unlink(&*name).context("cannot unlink the message queue")?;
    Ok(queue)
}

/// Inside one process: a producer's thread hands over the bytes themselves.
fn between_threads(task: &Task) -> Result<f64> {
    let (sender, receiver) = unbounded();
    thread::scope(|scope| {
        let begun = now();
        thread::Builder::new()
            .spawn_scoped(scope, move || {
                pin(task.last_cpu()).ok();
                for _ in 0..task.count {
                    sender.send(vec![BYTE; task.size]).ok();
                }
            })
            .context("cannot start the producer's thread")?;
        for _ in 0..task.count {
            if seen(&receiver.recv()?)? != (task.size, BYTE) {
                return Err(Error::new("another message came than was sent"));
            }
        }
        Ok((now() - begun) as f64 / task.count as f64)
    })
}
