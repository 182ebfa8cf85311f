//! wait() takes whichever child has ended; waitpid(pid) takes that child and
//! no other.

use std::os::fd::OwnedFd;

use common::{Context, Error, Result, exit_child, role, say};
use nix::libc;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, wait, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe, read, write};

struct Worker {
    name: &'static str,
    pid: Pid,
    /// The worker ends when a byte is written here.
    gate: OwnedFd,
}

pub(crate) fn run() -> Result {
    any()?;
    one()
}

/// The order of the results is the order of the ends: third, first, second.
fn any() -> Result {
    let workers = start_three()?;
    for number in [2, 0, 1] {
        let_go(&workers[number])?;
        report("wait", &workers, wait()?)?;
    }
    if let Err(errno) = wait() {
        say!("wait: {errno}");
    }
    Ok(())
}

/// The order of the results is the order of the questions.
fn one() -> Result {
    let workers = start_three()?;
    let [first, second, third] = &workers;
    let_go(third)?;
    // WNOWAIT looks at a child that has ended and leaves it as it is.
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    report("waitid, WNOWAIT", &workers, waitid(Id::Pid(third.pid), look)?)?;

    let_go(first)?;
    report("waitpid", &workers, waitpid(first.pid, None)?)?;
    let_go(second)?;
    report("waitpid", &workers, waitpid(second.pid, None)?)?;
    report("waitpid", &workers, waitpid(third.pid, None)?)
}

fn start_three() -> Result<[Worker; 3]> {
    Ok([start("first", 10)?, start("second", 20)?, start("third", 30)?])
}

fn start(name: &'static str, code: i32) -> Result<Worker> {
    let (read_end, gate) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork a worker")? {
        ForkResult::Child => {
            drop(gate);
            exit_child(worker(name, &read_end, code))
        }
        ForkResult::Parent { child } => Ok(Worker { name, pid: child, gate }),
    }
}

/// The child: waits at its gate, then ends with its own exit code.
fn worker(name: &str, read_end: &OwnedFd, code: i32) -> Result {
    role(name);
    read(read_end, &mut [0])?;
    // SAFETY: _exit(2) ends the process here; nothing of it runs on.
    unsafe { libc::_exit(code) }
}

fn let_go(worker: &Worker) -> Result {
    write(&worker.gate, b".").map(drop).context("cannot open a gate")
}

fn report(call: &str, workers: &[Worker], status: WaitStatus) -> Result {
    let WaitStatus::Exited(pid, code) = status else {
        return Err(Error::new(format!("a worker ended badly: {status:?}")));
    };
    let worker = workers.iter().find(|worker| worker.pid == pid);
    let name = worker.map_or("nobody", |worker| worker.name);
    say!("{call}: the {name} worker, exit code {code}");
    Ok(())
}
