//! What another process is doing, where no call waits for it.

use std::fs;

use nix::sched::sched_yield;
use nix::unistd::Pid;

use crate::{Error, Result};

/// Returns when that process sleeps in the kernel (state S).
///
/// No event announces that somebody has begun to wait, so this looks again
/// and again, and lets others have the CPU in between. The caller knows in
/// which call it is: the only one of that process that can sleep.
pub fn until_blocked(pid: Pid) -> Result {
    loop {
        match state(pid)? {
            'S' => return Ok(()),
            'Z' | 'X' => {
                return Err(Error::new(format!("pid {pid} did not wait")));
            }
            _ => sched_yield()?,
        }
    }
}

/// The letter of a process's state: field 3 of proc_pid_stat(5).
pub fn state(pid: Pid) -> Result<char> {
    field(pid.as_raw(), 0)
        .and_then(|letter| letter.chars().next())
        .ok_or_else(|| Error::new(format!("there is no pid {pid}")))
}

/// The pid of a process's parent: field 4.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    field(pid, 1)?.parse().ok()
}

/// A field behind the name. The name may contain anything, so counting
/// starts at its last parenthesis.
fn field(pid: i32, place: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_whitespace().nth(place).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::state;
    use nix::unistd::{Pid, getpid};

    #[test]
    fn a_process_that_is_there_has_a_state() {
        assert!("RS".contains(state(getpid()).unwrap()));
    }

    #[test]
    fn a_pid_that_nobody_has_is_an_error() {
        assert!(state(Pid::from_raw(i32::MAX)).is_err());
    }
}
