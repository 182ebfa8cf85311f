//! Whoever writes where nobody can read is stopped: by a signal, or by an
//! error if it ignores the signal.

use common::{Context, Error, Result, exit_child, role, say};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, pipe, write};

pub(crate) fn run() -> Result {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;
    drop(read_end);

    // A Rust program starts with SIGPIPE ignored.
    match write(&write_end, b"Hi") {
        Err(errno) => say!("parent, which ignores SIGPIPE: {errno}"),
        Ok(_) => return Err(Error::new("a write without a reader succeeded")),
    }

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the writer")? {
        ForkResult::Child => exit_child({
            role("writer");
            // SAFETY: no handler of ours is set, so none can run.
            unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }
                .and_then(|_| write(&write_end, b"Hi"))
                .map(|_| say!("writer: this line is never reached"))
                .context("the writer lives on")
        }),
        ForkResult::Parent { child } => {
            if let WaitStatus::Signaled(_, signal, _) = waitpid(child, None)? {
                say!("writer, which does not: killed by {signal}");
            }
            Ok(())
        }
    }
}
