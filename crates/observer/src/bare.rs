//! The stops alone: a tracer that learns nothing from them. What observing
//! costs above this is the keeper's own; what this costs is the kernel's.

use std::ffi::CString;
use std::io;

use nix::errno::Errno;

use crate::launch::{Failed, launch};
use crate::plan_calls::row_of;
use crate::ptrace::{Report, Resume, Stop, message, next_report, resume};
use crate::signals::Inherited;

/// Runs a program, its path first in `command`, and lets every process of
/// the run go on from the stops at which a keeper would tell of it. For
/// `scripts/bench-observer`; the caller has one thread.
///
/// # Errors
/// If it cannot be started under ptrace(2).
#[doc(hidden)]
pub fn only_stop(command: &[CString]) -> io::Result<()> {
    let inherited = Inherited::take()?;
    let path = command.first().ok_or(Errno::EINVAL)?;
    let launched = launch(path, command, None, &inherited, None);
    let launched = launched.map_err(|failed| match failed {
        Failed::Refused(call, errno) => {
            io::Error::other(format!("{call}: {}", errno.desc()))
        }
        Failed::Other(error) => error,
    })?;
    let mut next = Ok(Some((launched.first, launched.report)));
    loop {
        match next {
            Ok(Some((tid, Report::Stopped(stop)))) => {
                let (how, signal) = onward(tid, stop);
                // ESRCH: it was killed in its stop.
                resume(tid, how, signal).ok();
            }
            Err(Errno::ECHILD) => return Ok(()),
            Ok(_) | Err(_) => {}
        }
        next = next_report(true);
    }
}

fn onward(tid: i32, stop: Stop) -> (Resume, i32) {
    let wants_return = || {
        let row = message(tid).ok().and_then(|it| row_of(it as u16));
        row.is_some_and(|row| row.wants_return)
    };
    match stop {
        Stop::Seccomp if wants_return() => (Resume::ToReturn, 0),
        Stop::Signal(signal) => (Resume::Run, signal),
        Stop::Group(_) => (Resume::Listen, 0),
        _ => (Resume::Run, 0),
    }
}
