//! Looks at another process: does it wait?

use std::fs;

use common::{Context, Error, Result};
use nix::sched::sched_yield;
use nix::unistd::Pid;

/// Returns when the process waits for something (state S, `proc_pid_stat(5)`).
pub(crate) fn until_it_waits(pid: Pid) -> Result {
    // The kernel sends no event when a process begins to wait. Looking again
    // is all there is; meanwhile the CPU goes to whoever wants it.
    loop {
        match state(pid)? {
            'S' => return Ok(()),
            'Z' | 'X' => return Err(Error::new("a child ended too early")),
            _ => sched_yield()?,
        }
    }
}

/// The name in field 2 may contain anything, so the state stands behind the
/// last parenthesis.
fn state(pid: Pid) -> Result<char> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path)
        .context(format_args!("cannot read {path}"))?;
    stat.rsplit_once(") ")
        .and_then(|(_, behind_name)| behind_name.chars().next())
        .ok_or_else(|| Error::new(format!("{path} holds no state")))
}
