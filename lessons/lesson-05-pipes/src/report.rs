//! A socketpair carries messages both ways, one end for each process.

use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, read, write};

pub(crate) fn run() -> Result {
    // SEQPACKET keeps the borders of messages: one read, one message.
    let (parent_end, worker_end) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .context("cannot make a socketpair")?;

    // SAFETY: this process has one thread, so the child cannot inherit a lock
    // whose holder did not come along.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => {
            drop(parent_end);
            exit_child(worker(worker_end))
        }
        ForkResult::Parent { child } => {
            drop(worker_end);
            parent(parent_end, child)
        }
    }
}

/// The child: reports, then waits for the answer and prints it itself.
fn worker(end: OwnedFd) -> Result {
    role("worker");
    write(&end, b"I Completed my work")?;
    let answer = receive(&end)?;
    say!("{answer}");
    Ok(())
}

/// The parent: prints the report and answers it.
fn parent(end: OwnedFd, child: Pid) -> Result {
    role("parent");
    let report = receive(&end)?;
    say!("{report}");
    write(&end, b"ok good work")?;
    expect_success(waitpid(child, None)?)
}

fn receive(end: &OwnedFd) -> Result<String> {
    let mut message = [0; 64];
    let length = read(end, &mut message)?;
    Ok(String::from_utf8_lossy(&message[..length]).into_owned())
}
