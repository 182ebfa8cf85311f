//! The processes below this one, as /proc shows them at a moment, and their
//! end.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sched::sched_yield;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, getpid};

/// A process as proc_pid_stat(5) has it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) name: String,
    pub(crate) start: u64,
    /// The raw wait status of a zombie.
    pub(crate) status: Option<i32>,
}

impl Seen {
    pub(crate) fn now(pid: i32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        // A name may hold anything, brackets included.
        let (before, behind) = stat.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        let fields: Vec<&str> = behind.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let status = field(52).and_then(|text| text.parse().ok());
        Some(Self {
            pid,
            parent: field(4)?.parse().ok()?,
            name: name.to_owned(),
            start: field(22)?.parse().ok()?,
            status: status.filter(|_| field(3) == Some("Z")),
        })
    }

    /// The file that it executes, if that may be read.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/exe", self.pid)).ok()
    }

    /// Its arguments; `None` in the middle of execve(2), when the new file is
    /// there already and its arguments are not.
    pub(crate) fn arguments(&self) -> Option<Vec<String>> {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).ok()?;
        if bytes.is_empty() {
            return None;
        }
        let arguments = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
        let arguments = arguments
            .split(|byte| *byte == 0)
            .map(|argument| String::from_utf8_lossy(argument).into_owned());
        Some(arguments.collect())
    }
}

/// All processes that descend from this one, parents first, until there are
/// more than `limit`.
pub(crate) fn descendants(limit: usize) -> Vec<Seen> {
    let mut found = Vec::new();
    walk(|seen| {
        found.push(seen);
        found.len() <= limit
    });
    found
}

/// Visits all that descend from this process, each once, parents first,
/// until `visit` says no.
fn walk(mut visit: impl FnMut(Seen) -> bool) {
    // One that changes its parent meanwhile may be met twice.
    let mut met = HashSet::new();
    let mut parents = vec![getpid().as_raw()];
    while let Some(parent) = parents.pop() {
        for pid in children(parent) {
            if !met.insert(pid) {
                continue;
            }
            let Some(seen) = Seen::now(pid) else { continue };
            if !visit(seen) {
                return;
            }
            parents.push(pid);
        }
    }
}

/// The kernel lists them where it was built with `CONFIG_PROC_CHILDREN`.
fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for thread in threads.filter_map(Result::ok) {
        let Ok(list) = fs::read_to_string(thread.path().join("children"))
        else {
            let is_gone = !thread.path().exists();
            if is_gone {
                continue;
            }
            return children_among_all(pid);
        };
        found.extend(list.split_whitespace().flat_map(str::parse::<i32>));
    }
    found
}

fn children_among_all(parent: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Seen::now)
        .filter(|seen| seen.parent == parent)
        .map(|seen| seen.pid)
        .collect()
}

/// Kills all that descend from this process, and collects them: it must be a
/// subreaper, so that nobody can leave.
pub(crate) fn end_descendants() {
    loop {
        // Stopped first, and each before its children are looked for: who
        // still runs could create faster than this kills.
        let mut stopped = HashSet::new();
        loop {
            let before = stopped.len();
            walk(|seen| {
                kill(Pid::from_raw(seen.pid), Signal::SIGSTOP).ok();
                stopped.insert(seen.pid);
                true
            });
            if stopped.len() == before {
                break;
            }
        }
        for pid in stopped {
            kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
        match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG) {
            Err(Errno::ECHILD) => break,
            _ => sched_yield().ok(),
        };
    }
}
