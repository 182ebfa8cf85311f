//! Looks at one process: at itself, or at the one whose pid is given.

use std::mem::MaybeUninit;

use common::{Error, Result, say};
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::kill;
use nix::unistd::{Pid, getpid};

use crate::through_sysinfo::{Seen, through_sysinfo};

pub(crate) fn run(argument: Option<&str>) -> Result {
    let pid = match argument {
        None => getpid(),
        Some(text) => parsed(text)?,
    };
    let Some(seen) = through_sysinfo(pid)? else {
        return Err(why_unseen(pid));
    };
    let Seen { name, status, started } = seen;
    let started = clock(started)?;
    say!("pid={pid} name={name} status={status} started={started}");
    Ok(())
}

fn parsed(text: &str) -> Result<Pid> {
    match text.parse() {
        Ok(pid) if pid > 0 => Ok(Pid::from_raw(pid)),
        _ => Err(Error::usage(format!(
            "a pid is a number from 1 to {}, not '{}'",
            libc::pid_t::MAX,
            text.escape_debug()
        ))),
    }
}

/// Signal 0 is never delivered: it asks whether it could be.
fn why_unseen(pid: Pid) -> Error {
    match kill(pid, None) {
        Err(Errno::ESRCH) => Error::new(format!("there is no pid {pid}")),
        _ => Error::new(format!(
            "pid {pid} exists, but /proc hides it: see hidepid in proc(5)"
        )),
    }
}

/// HH:MM:SS, local time.
fn clock(seconds: u64) -> Result<String> {
    let seconds = libc::time_t::try_from(seconds)?;
    let mut local = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call.
    let filled = unsafe { libc::localtime_r(&seconds, local.as_mut_ptr()) };
    if filled.is_null() {
        return Err(Error::new("the start time is no calendar time"));
    }
    // SAFETY: an all-zero tm is valid, and localtime_r has filled it.
    let local = unsafe { local.assume_init() };
    let (hour, minute, second) = (local.tm_hour, local.tm_min, local.tm_sec);
    Ok(format!("{hour:02}:{minute:02}:{second:02}"))
}
