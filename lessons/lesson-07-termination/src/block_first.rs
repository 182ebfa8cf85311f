//! A worker may end before its parent has written it into its table. With
//! SIGCHLD blocked from before the fork until after the entry, the handler
//! always finds the entry.

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use common::{Context, Result, exit_child, role, say};
use libc::WNOHANG;
use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction,
};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{ForkResult, Pid, fork};

/// The table of jobs, with one row. 0: empty.
static JOB: AtomicI32 = AtomicI32::new(0);
/// What the handler did: jobs removed, and jobs it did not find.
static REMOVED: AtomicI32 = AtomicI32::new(0);
static NOT_FOUND: AtomicI32 = AtomicI32::new(0);

pub(crate) fn run() -> Result {
    role("launcher");
    let action = SigAction::new(
        SigHandler::Handler(on_child),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    // SAFETY: on_child uses atomics, waitpid and errno, all allowed by
    // signal-safety(7).
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;

    let worker = start()?;
    JOB.store(worker.as_raw(), SeqCst);
    report("naive");

    let chld = SigSet::from(Signal::SIGCHLD);
    let before = chld.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let worker = start()?;
    JOB.store(worker.as_raw(), SeqCst);
    before.thread_set_mask()?; // the handler runs here
    report("right");
    Ok(())
}

/// Forks, and comes back only after the worker has ended: the scheduler may
/// do that to any parent; here it does it always.
fn start() -> Result<Pid> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the worker")? {
        ForkResult::Child => exit_child(worker()),
        ForkResult::Parent { child } => {
            let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
            match waitid(Id::Pid(child), look) {
                // ECHILD: the handler was first, and has collected it.
                Ok(_) | Err(Errno::ECHILD) => Ok(child),
                Err(errno) => Err(errno.into()),
            }
        }
    }
}

fn worker() -> Result {
    role("worker");
    // A mask is inherited, and exec keeps it: a worker that goes on to
    // another program opens it first.
    SigSet::from(Signal::SIGCHLD).thread_unblock()?;
    Ok(())
}

extern "C" fn on_child(_: c_int) {
    let errno = Errno::last_raw(); // belongs to the code interrupted here
    loop {
        // SAFETY: no status is asked for.
        let pid = unsafe { libc::waitpid(-1, ptr::null_mut(), WNOHANG) };
        if pid <= 0 {
            break;
        }
        let found = JOB.compare_exchange(pid, 0, SeqCst, SeqCst).is_ok();
        let count = if found { &REMOVED } else { &NOT_FOUND };
        count.fetch_add(1, SeqCst);
    }
    Errno::set_raw(errno);
}

fn report(who: &str) {
    let removed = REMOVED.swap(0, SeqCst);
    let missed = NOT_FOUND.swap(0, SeqCst);
    say!("{who}: jobs removed: {removed}, ended but not found: {missed}");
    match JOB.swap(0, SeqCst) {
        0 => say!("{who}: the table is empty"),
        pid => say!("{who}: the table still has pid {pid}, long gone"),
    }
}
