//! Two connected sockets that keep the borders of messages; a thread of the
//! consumer receives, another prints.

use std::error::Error;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::thread::scope;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair,
};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let count: u64 =
        std::env::args().nth(1).ok_or("usage: drain N")?.parse()?;
    let (mine, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    // SAFETY: this process has one thread.
    let consumer = match unsafe { fork() }? {
        ForkResult::Child => {
            drop(mine);
            let consumed = consume(&theirs)
                .inspect_err(|error| eprintln!("the consumer: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(consumed.is_err())) }
        }
        ForkResult::Parent { child } => child,
    };
    drop(theirs);
    let produced: nix::Result<()> = (1..=count).try_for_each(|number| {
        let item = format!("Item {number}");
        send(mine.as_raw_fd(), item.as_bytes(), MsgFlags::empty()).map(drop)
    });
    drop(mine);
    let status = waitpid(consumer, None)?;
    produced?;
    Ok(match status {
        WaitStatus::Exited(_, 0) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn consume(from: &OwnedFd) -> nix::Result<()> {
    let (give, take) = crossbeam_channel::bounded::<String>(4);
    scope(move |scope| {
        scope.spawn(move || {
            for item in take {
                println!("Consumed: {item}");
            }
        });
        let mut message = [0; 64];
        loop {
            match recv(from.as_raw_fd(), &mut message, MsgFlags::empty())? {
                0 => return Ok(()),
                length => {
                    let item = String::from_utf8_lossy(&message[..length]);
                    give.send(item.into_owned()).ok();
                }
            }
        }
    })
}
