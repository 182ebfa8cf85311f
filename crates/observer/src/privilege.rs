//! Rights that a program would have got from its file, and does not get under
//! observation: `no_new_privs`, which a filter needs, keeps them away.

use std::fs;
use std::os::unix::fs::MetadataExt;

use nix::sys::prctl;
use nix::sys::statvfs::{FsFlags, statvfs};

/// Which bit of its file would have changed whose rights a process has that
/// has just executed `path`; `None` if none would.
pub(crate) fn withheld(pid: i32, path: &str) -> Option<&'static str> {
    // Of a file that only its owner may read nobody else is shown this link.
    let link = format!("/proc/{pid}/exe");
    let program = fs::metadata(&link);
    let place = if program.is_ok() { link.as_str() } else { path };
    let file = program.or_else(|_| fs::metadata(path)).ok()?;
    let mode = file.mode();
    if mode & (libc::S_ISUID | libc::S_ISGID) == 0 {
        return None;
    }
    let bit = if mode & libc::S_ISUID != 0 && file.uid() != id(pid, "Uid:")? {
        "setuid"
    } else if mode & libc::S_ISGID != 0
        && mode & libc::S_IXGRP != 0
        && file.gid() != id(pid, "Gid:")?
    {
        "setgid"
    } else {
        return None;
    };
    let is_mounted_without =
        statvfs(place).is_ok_and(|it| it.flags().contains(FsFlags::ST_NOSUID));
    // Or whoever observes has given them up before.
    let is_given_up = prctl::get_no_new_privs() == Ok(true);
    (!is_mounted_without && !is_given_up).then_some(bit)
}

/// The effective id, the second of the four in proc_pid_status(5).
fn id(pid: i32, key: &str) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let ids = status.lines().find_map(|line| line.strip_prefix(key))?;
    ids.split_whitespace().nth(1)?.parse().ok()
}
