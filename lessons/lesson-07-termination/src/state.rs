//! The letter that `ps` shows for a process.

use std::fs;

use common::{Context, Error, Result};
use nix::unistd::Pid;

/// Field 3 of proc_pid_stat(5). The name, field 2, may contain anything, so
/// counting starts behind its last parenthesis.
pub(crate) fn state(pid: Pid) -> Result<char> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path)
        .context(format_args!("cannot read {path}"))?;
    stat.rsplit_once(") ")
        .and_then(|(_, behind_name)| behind_name.chars().next())
        .ok_or_else(|| Error::new(format!("{path} names no state")))
}
