//! One instruction, or one call of our own, in a tracee that stands still,
//! while the keeper waits for it. The tracee does not notice.

use libc::c_uint;
use nix::errno::Errno;

use crate::ptrace::{Report, Resume, Stop, Tid, report_of, request, resume};
use crate::registers::{borrow_for_call, give_back, result_of};

/// What came in place of the instruction's end: the tracee was killed, or
/// stopped. The keeper has to handle it.
#[derive(Debug)]
pub(crate) struct Surprise(pub(crate) Option<Report>);

/// Makes a call in a tracee, by the instruction at `gadget`.
///
/// # Returns
/// What the call returned: negative is an errno.
pub(crate) fn call(
    tid: Tid,
    gadget: u64,
    number: i64,
    arguments: [u64; 6],
) -> Result<i64, Surprise> {
    let own = borrow_for_call(tid, gadget, number, arguments).map_err(gone)?;
    let stepped = step(tid);
    let result = result_of(tid);
    give_back(tid, own).map_err(gone).or_else(|error| match stepped {
        Err(_) => Ok(()), // what came is told below
        Ok(()) => Err(error),
    })?;
    stepped?;
    result.map_err(gone)
}

/// Lets a tracee go on for one instruction. Signals that come meanwhile are
/// delivered behind it.
pub(crate) fn step(tid: Tid) -> Result<(), Surprise> {
    // The kernel's own SIGTRAP and SIGSEGV would lose their handlers if they
    // were blocked.
    let all = !(bit(libc::SIGTRAP) | bit(libc::SIGSEGV));
    let own = mask(tid).map_err(gone)?;
    set_mask(tid, own | all).map_err(gone)?;
    resume(tid, Resume::Step, 0).map_err(gone)?;
    let report = report_of(tid).map_err(gone)?;
    set_mask(tid, own).ok(); // ESRCH: it was killed
    match report {
        Report::Stopped(Stop::Signal(libc::SIGTRAP)) => Ok(()),
        other => Err(Surprise(Some(other))),
    }
}

fn gone(_: Errno) -> Surprise {
    Surprise(None)
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

fn mask(tid: Tid) -> Result<u64, Errno> {
    let mut mask = 0_u64;
    let data = (&raw mut mask).expose_provenance();
    let what = libc::PTRACE_GETSIGMASK as c_uint;
    request(what, tid, size_of::<u64>(), data)?;
    Ok(mask)
}

fn set_mask(tid: Tid, mask: u64) -> Result<(), Errno> {
    let data = (&raw const mask).expose_provenance();
    let what = libc::PTRACE_SETSIGMASK as c_uint;
    request(what, tid, size_of::<u64>(), data).map(drop)
}
