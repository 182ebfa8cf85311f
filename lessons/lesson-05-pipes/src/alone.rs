//! What the notebook does: the parent answers, and reads its own answer.

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, read, write};

pub(crate) fn run() -> Result {
    let (parent_end, worker_end) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .context("cannot make a socketpair")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => exit_child({
            role("worker");
            write(&worker_end, b"I Completed my work")
                .map(drop)
                .context("cannot report")
        }),
        ForkResult::Parent { child } => {
            role("parent");
            let mut message = [0; 64];
            read(&parent_end, &mut message)?;
            expect_success(waitpid(child, None)?)?;
            say!("the worker has ended; its parent answers all the same");

            // Nobody dropped anything: this process still holds both ends.
            write(&parent_end, b"ok good work")?;
            let length = read(&worker_end, &mut message)?;
            let answer = String::from_utf8_lossy(&message[..length]);
            say!("the parent receives its own words: {answer}");
            Ok(())
        }
    }
}
