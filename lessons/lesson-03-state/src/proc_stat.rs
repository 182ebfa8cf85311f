//! The state letter of `/proc/PID/stat`, proc_pid_stat(5).

use std::fs;

use common::{Context, Error, Result};
use nix::sched::sched_yield;
use nix::unistd::Pid;

/// Field 3: R, S, D, T, t, Z, X or I.
pub(crate) fn letter(pid: Pid) -> Result<char> {
    letter_in(&format!("/proc/{pid}/stat"))
}

/// The same of any file of this form.
pub(crate) fn letter_in(path: &str) -> Result<char> {
    let line = fs::read(path).context(format_args!("cannot read {path}"))?;
    // The name, field 2, may hold any byte: counting starts behind its last
    // parenthesis.
    let line = String::from_utf8_lossy(&line);
    line.rsplit_once(')')
        .and_then(|(_, behind_name)| behind_name.trim_start().chars().next())
        .ok_or_else(|| Error::new(format!("{path} holds no state")))
}

/// Returns when the process is in this state.
///
/// The kernel reports to a parent that its child stopped, continued or ended.
/// It reports to nobody that a process went to sleep: only looking again
/// tells.
pub(crate) fn wait_for_letter(pid: Pid, wanted: char) -> Result {
    loop {
        match letter(pid)? {
            found if found == wanted => return Ok(()),
            'Z' => {
                return Err(Error::new(format!(
                    "pid {pid} ended before it was in state {wanted}"
                )));
            }
            _ => sched_yield()?,
        }
    }
}
