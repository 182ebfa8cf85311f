//! A message of 16 bytes goes to another process, three bytes come back.

use std::hint::spin_loop;
use std::ptr;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release, SeqCst},
};

use common::{Context, Error, Result};
use ipc_channel::ipc;
use nix::errno::Errno;
use nix::sys::mman::MapFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::{pipe, read, write};

use crate::clock::{median, now, pin};
use crate::crew::{hire, reap};
use crate::mapping::Mapping;
use crate::task::Task;

pub(crate) fn measure(task: &Task) -> Result<f64> {
    match &*task.way {
        "pipe" => by_pipes(task),
        "socketpair" => by_socketpair(task),
        "typed" => by_ipc_channel(task),
        "futex" => by_cells(task, await_change, wake),
        "spin" => by_cells(task, spin_until_changed, |_| Ok(())),
        _ => Err(task.unknown()),
    }
}

/// Asks `count` times, while a second process answers.
fn between(
    task: &Task,
    ask: impl Fn(u32) -> Result,
    answer: impl Fn(u32) -> Result,
) -> Result<f64> {
    let count = u32::try_from(task.count)?;
    let answerer = hire(|| {
        pin(task.last_cpu())?;
        (1..=count).try_for_each(answer)
    })?;
    let mut times = vec![1; task.count];
    for (number, time) in (1..=count).zip(&mut times) {
        let begun = now();
        ask(number)?;
        *time = now() - begun;
    }
    reap(answerer)?;
    median(&mut times)
}

type Message = [u8; 16];

fn message(number: u32) -> Message {
    let mut message = *b"0000 is the turn";
    message[..4].copy_from_slice(&number.to_ne_bytes());
    message
}

fn expect<const N: usize>(
    length: usize,
    found: [u8; N],
    wanted: [u8; N],
) -> Result {
    match length == N && found == wanted {
        true => Ok(()),
        false => Err(Error::new("another message came than was sent")),
    }
}

fn by_pipes(task: &Task) -> Result<f64> {
    let (there_read, there_write) = pipe().context("cannot make a pipe")?;
    let (back_read, back_write) = pipe().context("cannot make a pipe")?;
    let ask = |number| {
        write(&there_write, &message(number))?;
        let mut word = [0; 3];
        expect(read(&back_read, &mut word)?, word, *b"ack")
    };
    let answer = |number| {
        let mut question = Message::default();
        let length = read(&there_read, &mut question)?;
        expect(length, question, message(number))?;
        write(&back_write, b"ack")?;
        Ok(())
    };
    between(task, ask, answer)
}

fn by_socketpair(task: &Task) -> Result<f64> {
    let (mine, other) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::empty(),
    )
    .context("cannot make a socketpair")?;
    let ask = |number| {
        write(&mine, &message(number))?;
        let mut word = [0; 3];
        expect(read(&mine, &mut word)?, word, *b"ack")
    };
    let answer = |number| {
        let mut question = Message::default();
        let length = read(&other, &mut question)?;
        expect(length, question, message(number))?;
        write(&other, b"ack")?;
        Ok(())
    };
    between(task, ask, answer)
}

fn by_ipc_channel(task: &Task) -> Result<f64> {
    let (there, question) = ipc::channel().context("cannot make a channel")?;
    let (back, word) = ipc::channel().context("cannot make a channel")?;
    let ask = |number| {
        there.send(message(number))?;
        expect(3, word.recv()?, *b"ack")
    };
    let answer = |number| {
        expect(16, question.recv()?, message(number))?;
        back.send(*b"ack")?;
        Ok(())
    };
    between(task, ask, answer)
}

/// Two cells in shared memory, on cache lines of their own.
fn by_cells(
    task: &Task,
    until_changed: impl Fn(&AtomicU32, u32) -> Result,
    tell: impl Fn(&AtomicU32) -> Result,
) -> Result<f64> {
    let memory = Mapping::<[AtomicU32; 64]>::anonymous(MapFlags::MAP_SHARED)?;
    let (there, back) = (&memory[0], &memory[32]);
    let ask = |number| {
        there.store(number, Release);
        tell(there)?;
        until_changed(back, number - 1)
    };
    let answer = |number| {
        until_changed(there, number - 1)?;
        back.store(number, Release);
        tell(back)
    };
    between(task, ask, answer)
}

fn spin_until_changed(cell: &AtomicU32, old: u32) -> Result {
    while cell.load(Acquire) == old {
        spin_loop();
    }
    Ok(())
}

fn await_change(cell: &AtomicU32, old: u32) -> Result {
    let forever = ptr::null::<libc::timespec>();
    while cell.load(SeqCst) == old {
        let (call, operation) = (libc::SYS_futex, libc::FUTEX_WAIT);
        // SAFETY: the address is that of a mapped, aligned 32-bit number.
        let answer = unsafe {
            libc::syscall(call, cell.as_ptr(), operation, old, forever)
        };
        match Errno::result(answer) {
            Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(errno) => {
                return Err(errno).context("cannot wait on the futex");
            }
        }
    }
    Ok(())
}

fn wake(cell: &AtomicU32) -> Result {
    let (call, operation) = (libc::SYS_futex, libc::FUTEX_WAKE);
    // SAFETY: as above.
    let answer = unsafe { libc::syscall(call, cell.as_ptr(), operation, 1) };
    Errno::result(answer).map(drop).context("cannot wake")
}
