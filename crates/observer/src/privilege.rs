//! Rights that a program would have got from its file, and does not get under
//! observation: `no_new_privs`, which a filter needs, keeps them away.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::ptr;

use nix::sys::prctl;
use nix::sys::statvfs::{FsFlags, statvfs};

/// Programs whose files give nobody rights: of these /proc, which is slow for
/// a new process, need not be asked again.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    plain: HashSet<Identity>,
}

/// A file and when it was last changed, its mode and attributes included.
type Identity = (u64, u64, i64, i64);

impl Rights {
    /// So many are remembered.
    const MOST: usize = 1_000;

    /// What [`withheld`] says; `is_elsewhere` if `path` may lead the process
    /// to another file than this one.
    pub(crate) fn withheld(
        &mut self,
        pid: i32,
        path: &str,
        is_elsewhere: bool,
    ) -> Option<&'static str> {
        let is_known = !is_elsewhere && path.starts_with('/');
        let file = if is_known { identity(path) } else { None };
        if file.is_some_and(|it| self.plain.contains(&it)) {
            return None;
        }
        // A script is not what runs: it and its interpreter may change alone.
        let link = format!("/proc/{pid}/exe");
        if let Some(file) = file
            && identity(&link) == Some(file)
            && fs::metadata(&link).is_ok_and(|it| !gives_rights(&link, &it))
        {
            if self.plain.len() == Self::MOST {
                self.plain.clear();
            }
            self.plain.insert(file);
            return None;
        }
        withheld(pid, path)
    }
}

fn identity(path: &str) -> Option<Identity> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.ctime(), file.ctime_nsec()))
}

/// What of its file would have given other rights to a process that has just
/// executed `path`: a bit of its mode, or its capabilities; `None` if nothing.
pub(crate) fn withheld(pid: i32, path: &str) -> Option<&'static str> {
    // Of a file that only its owner may read nobody else is shown this link.
    let link = format!("/proc/{pid}/exe");
    let program = fs::metadata(&link);
    let place = if program.is_ok() { link.as_str() } else { path };
    let file = program.or_else(|_| fs::metadata(path)).ok()?;
    if !gives_rights(place, &file) {
        return None;
    }
    let mode = file.mode();
    let bit = if mode & libc::S_ISUID != 0 && file.uid() != id(pid, "Uid:")? {
        "setuid"
    } else if mode & libc::S_ISGID != 0
        && mode & libc::S_IXGRP != 0
        && file.gid() != id(pid, "Gid:")?
    {
        "setgid"
    } else if has_capabilities(place) && id(pid, "Uid:")? != 0 {
        "capabilities"
    } else {
        return None;
    };
    let is_mounted_without =
        statvfs(place).is_ok_and(|it| it.flags().contains(FsFlags::ST_NOSUID));
    // Or whoever observes has given them up before.
    let is_given_up = prctl::get_no_new_privs() == Ok(true);
    (!is_mounted_without && !is_given_up).then_some(bit)
}

fn gives_rights(place: &str, file: &Metadata) -> bool {
    file.mode() & (libc::S_ISUID | libc::S_ISGID) != 0
        || has_capabilities(place)
}

/// Whether the file gives capabilities(7) to whoever executes it.
fn has_capabilities(file: &str) -> bool {
    let Ok(file) = CString::new(file) else { return false };
    let name = c"security.capability".as_ptr();
    // SAFETY: both strings end in a zero byte and live until the call has
    // returned; of size 0 nothing is written.
    let size =
        unsafe { libc::getxattr(file.as_ptr(), name, ptr::null_mut(), 0) };
    size > 0
}

/// The effective id, the second of the four in proc_pid_status(5).
fn id(pid: i32, key: &str) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let ids = status.lines().find_map(|line| line.strip_prefix(key))?;
    ids.split_whitespace().nth(1)?.parse().ok()
}
