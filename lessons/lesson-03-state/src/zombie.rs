//! A zombie is an entry in the process table: an exit code that nobody has
//! asked for yet. Only wait removes it.

use common::{Context, Result, exit_child, role, say};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use crate::proc_stat::letter;

pub(crate) fn run() -> Result {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => exit_child(worker()),
        ForkResult::Parent { child } => parent(child),
    }
}

fn worker() -> Result {
    role("worker");
    Ok(())
}

fn parent(worker: Pid) -> Result {
    role("parent");
    waitid(Id::Pid(worker), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    say!("worker: has ended, and is {}", letter(worker)?);

    say!("kill -9: {:?}", kill(worker, Signal::SIGKILL));
    say!("worker: is {} as before", letter(worker)?);
    say!("kill -0, \"is it there?\": {:?}", kill(worker, None));

    // The exit code is 0: the worker ended by itself. SIGKILL changed nothing.
    say!("wait: {:?}", waitpid(worker, None)?);
    say!("kill -0, once more: {:?}", kill(worker, None));
    say!("wait, once more: {:?}", waitpid(worker, None));
    Ok(())
}
