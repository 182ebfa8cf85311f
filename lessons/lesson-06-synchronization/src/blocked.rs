//! What another process is doing, read from /proc.

use std::fs;

use common::{Context, Error, Result};
use nix::sched::sched_yield;
use nix::unistd::Pid;

/// Returns when that process sleeps in the kernel (state S).
///
/// No event announces that somebody has begun to wait, so this asks again and
/// again, and lets others run in between. The caller knows which call it is:
/// the only one of that process that can sleep.
pub(crate) fn until_blocked(pid: Pid) -> Result {
    loop {
        match state(pid)? {
            'S' => return Ok(()),
            'Z' => {
                return Err(Error::new(format!("pid {pid} did not wait")));
            }
            _ => sched_yield()?,
        }
    }
}

/// Field 3 of proc_pid_stat(5). The name before it may hold a parenthesis.
pub(crate) fn state(pid: Pid) -> Result<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .context(format_args!("cannot read the state of pid {pid}"))?;
    stat.rsplit_once(") ")
        .and_then(|(_, fields)| fields.chars().next())
        .ok_or_else(|| Error::new(format!("no state of pid {pid}")))
}
