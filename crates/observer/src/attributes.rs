//! Calls that change a file's mode, owner, times or extended attributes, in
//! a contained run. Landlock knows none of them, and a path that the keeper
//! has looked at may be another one when the kernel looks: so the keeper
//! makes them itself, on the file that it has opened and found to be inside.

use std::ffi::CString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use libc::{c_char, c_int, timespec};
use nix::errno::Errno;
use nix::unistd::{getegid, geteuid, getgroups};

use crate::belongings::named;
use crate::forbidden_calls::Changed;
use crate::keeper::Keeper;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, is_visible, read_bytes, read_memory, read_words};

const PATH_MAX: usize = 4096;
const XATTR_SIZE_MAX: usize = 1 << 16; // <linux/limits.h>

/// What a process that lets nobody look into it names.
pub(crate) const UNSEEN: &str = "what nobody else can see";

/// What came of such a call: its result, or whose file it would change.
pub(crate) type Answered = Result<i64, String>;

/// A file that a call names.
#[derive(Debug)]
pub(crate) struct Target {
    file: File,
    state: Metadata,
    /// Where it lies, by the kernel's word.
    pub(crate) place: PathBuf,
}

impl<W: Write> Keeper<W> {
    /// Makes the call in place of its caller, if the file is the run's.
    pub(crate) fn changes(
        &self,
        tid: Tid,
        changed: Changed,
        call: &PendingCall,
    ) -> Answered {
        let target = match find(tid, changed, call) {
            Ok(target) => target,
            Err(Errno::EFAULT) if !is_visible(tid) => {
                return Err(UNSEEN.to_owned());
            }
            Err(errno) => return Ok(-i64::from(errno as i32)),
        };
        // Pipes and what is gone have no place.
        let is_placed = target.state.nlink() > 0
            && (target.state.is_file()
                || target.state.is_dir()
                || target.state.is_symlink());
        if is_placed && !self.is_of_run(&target.place) {
            return Err(target.place.to_string_lossy().into_owned());
        }
        let made = change(tid, &target, call);
        Ok(made.map_or_else(|errno| -i64::from(errno as i32), |()| 0))
    }
}

fn find(
    tid: Tid,
    changed: Changed,
    call: &PendingCall,
) -> Result<Target, Errno> {
    let [first, second, ..] = call.arguments;
    let (folder, path) = match changed {
        Changed::At if second == 0 => (first as i32, None),
        Changed::At => (first as i32, Some(second)),
        Changed::Path => (libc::AT_FDCWD, Some(first)),
        Changed::Descriptor => (first as i32, None),
    };
    let path = match path {
        None => Vec::new(),
        Some(at) => read_bytes(tid, at, PATH_MAX).ok_or(Errno::EFAULT)?,
    };
    let flags = flags(call);
    let is_itself = changed == Changed::Descriptor
        || changed == Changed::At
            && (second == 0 || flags & libc::AT_EMPTY_PATH != 0);
    if path.is_empty() && !is_itself {
        return Err(Errno::ENOENT);
    }
    let is_link = flags & libc::AT_SYMLINK_NOFOLLOW != 0 && !path.is_empty();
    let nofollow = if is_link { libc::O_NOFOLLOW } else { 0 };
    open(&named(tid, folder, path), nofollow).map_err(|error| {
        error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
    })
}

/// Finds where a file is, and keeps it. It is not opened to be read: that
/// could wait, or do something.
pub(crate) fn open(path: &Path, nofollow: c_int) -> io::Result<Target> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_CLOEXEC | nofollow)
        .open(path)?;
    let state = file.metadata()?;
    let place = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    Ok(Target { file, state, place })
}

/// `AT_…`, also of the calls that have them by their name.
fn flags(call: &PendingCall) -> c_int {
    let [_, _, _, fourth, fifth, _] = call.arguments;
    match call.row.name {
        "lchown" | "lsetxattr" | "lremovexattr" => libc::AT_SYMLINK_NOFOLLOW,
        "fchownat" => fifth as c_int,
        "utimensat" | "fchmodat2" => fourth as c_int,
        _ => 0,
    }
}

/// The caller has no capability; the keeper may have some.
fn change(tid: Tid, target: &Target, call: &PendingCall) -> Result<(), Errno> {
    if target.state.uid() != geteuid().as_raw() {
        return Err(Errno::EPERM);
    }
    let fd = target.file.as_raw_fd();
    let path = CString::new(format!("/proc/self/fd/{fd}"));
    let path = path.expect("it has no zero byte");
    let [_, second, third, fourth, ..] = call.arguments;
    let result = match call.row.name {
        name @ ("chmod" | "fchmod" | "fchmodat" | "fchmodat2") => {
            let is_at = name.starts_with("fchmodat");
            let mode = if is_at { third } else { second };
            // SAFETY: the path lives over the call.
            unsafe { libc::chmod(path.as_ptr(), mode as libc::mode_t) }
        }
        "fchownat" => own(target, third as u32, fourth as u32)?,
        "chown" | "lchown" | "fchown" => {
            own(target, second as u32, third as u32)?
        }
        "utimensat" | "futimesat" | "utimes" | "utime" => {
            let times = times(tid, call);
            let pointer =
                times.as_ref().map_or(std::ptr::null(), |it| it.as_ptr());
            // SAFETY: both live over the call; null is "now".
            unsafe {
                libc::utimensat(libc::AT_FDCWD, path.as_ptr(), pointer, 0)
            }
        }
        _ => attribute(tid, &path, call)?,
    };
    Errno::result(result).map(drop)
}

/// As who has no right to give files away.
fn own(target: &Target, user: u32, group: u32) -> Result<c_int, Errno> {
    let none = u32::MAX;
    let groups = getgroups()?;
    let is_ours = |group: u32| {
        group == getegid().as_raw()
            || groups.iter().any(|it| it.as_raw() == group)
    };
    let is_allowed = (user == none || user == target.state.uid())
        && (group == none || group == target.state.gid() || is_ours(group));
    if !is_allowed {
        return Err(Errno::EPERM);
    }
    let (fd, empty) = (target.file.as_raw_fd(), c"".as_ptr());
    // SAFETY: the path is a constant.
    Ok(unsafe { libc::fchownat(fd, empty, user, group, libc::AT_EMPTY_PATH) })
}

/// `None` is "now".
fn times(tid: Tid, call: &PendingCall) -> Option<[timespec; 2]> {
    let [_, second, third, ..] = call.arguments;
    let is_at = matches!(call.row.name, "utimensat" | "futimesat");
    let at = Some(if is_at { third } else { second }).filter(|it| *it != 0)?;
    let (seconds, parts) = match call.row.name {
        "utime" => {
            let [accessed, modified] = read_words(tid, at);
            ([accessed, modified], [0, 0])
        }
        name => {
            let [a, b, c, d] = read_words(tid, at);
            let unit = if name == "utimensat" { 1 } else { 1000 };
            ([a, c], [b, d].map(|it: u64| it.wrapping_mul(unit)))
        }
    };
    Some([0, 1].map(|place| timespec {
        tv_sec: seconds[place] as libc::time_t,
        tv_nsec: parts[place] as _,
    }))
}

fn attribute(
    tid: Tid,
    path: &CString,
    call: &PendingCall,
) -> Result<c_int, Errno> {
    let [_, name, value, size, flags, _] = call.arguments;
    let name = read_bytes(tid, name, PATH_MAX).ok_or(Errno::EFAULT)?;
    let is_users = [&b"user."[..], b"system.posix_acl_"]
        .iter()
        .any(|it| name.starts_with(it));
    if !is_users {
        return Err(Errno::EPERM);
    }
    let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
    let (path, at): (*const c_char, _) = (path.as_ptr(), name.as_ptr());
    if call.row.name.contains("remove") {
        // SAFETY: both strings live over the call.
        return Ok(unsafe { libc::removexattr(path, at) });
    }
    let size = size as usize;
    if size > XATTR_SIZE_MAX {
        return Err(Errno::E2BIG);
    }
    let mut bytes = vec![0; size];
    if read_memory(tid, value, &mut bytes) < size {
        return Err(Errno::EFAULT);
    }
    let (value, flags) = (bytes.as_ptr().cast(), flags as c_int);
    // SAFETY: all of them live over the call.
    Ok(unsafe { libc::setxattr(path, at, value, size, flags) })
}
