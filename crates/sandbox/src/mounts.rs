//! What a contained tree finds where: everything of the machine read-only,
//! and its own processes, scratch folder, names and message queues.

use std::ffi::{CStr, CString};
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::ptr;

use libc::{c_char, c_int, c_ulong};
use nix::errno::Errno;
use nix::sys::statfs::statfs;

/// Folders that every machine has, and nothing of ours lies in: one of them
/// becomes the scratch folder. In the first, others keep their sockets, which
/// so are out of reach.
const SCRATCH: &[&str] = &["/run", "/mnt", "/media", "/srv", "/opt"];

/// Of the scratch folder: bytes, files.
const SCRATCH_OPTIONS: &CStr = c"size=128m,nr_inodes=20000,mode=1777";
const NAMES_OPTIONS: &CStr = c"size=64m,nr_inodes=2000,mode=1777";

// <linux/mount.h>
const ATTR_RDONLY: u64 = 1;
const SELF_AND_BELOW: c_int = 0x8000; // AT_RECURSIVE

#[repr(C)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    namespace: u64,
}

/// What went wrong, in which step.
pub(crate) type Failed = (&'static str, Errno);

/// The scratch folder of a tree that needs these paths.
pub(crate) fn scratch(needed: &[PathBuf]) -> Option<PathBuf> {
    let is_free = |place: &Path| {
        place.is_dir() && !needed.iter().any(|path| path.starts_with(place))
    };
    SCRATCH.iter().map(Path::new).find(|it| is_free(it)).map(Path::to_owned)
}

/// In a mount namespace of its own, as the first of a pid namespace.
pub(crate) fn arrange(scratch: &Path) -> Result<(), Failed> {
    let none = None::<&CStr>;
    let private = libc::MS_REC | libc::MS_PRIVATE;
    mount(none, c"/", none, private, none)
        .map_err(|errno| ("keep mounts to itself", errno))?;
    let proc = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    mount(Some(c"proc"), c"/proc", Some(c"proc"), proc, none)
        .map_err(|errno| ("mount a /proc of its own", errno))?;
    // Shared memory that no process has mapped belongs to nobody: this is
    // all there may be of it, in pages. Not every kernel lets us.
    std::fs::write("/proc/sys/kernel/shmall", "16384").ok();
    make_read_only().map_err(|errno| ("make the machine read-only", errno))?;
    let tmpfs = |at: &CStr, options: &CStr| {
        let flags = libc::MS_NOSUID | libc::MS_NODEV;
        mount(Some(c"tmpfs"), at, Some(c"tmpfs"), flags, Some(options))
    };
    let at = CString::new(scratch.as_os_str().as_bytes());
    let at = at.map_err(|_| ("name the scratch folder", Errno::EINVAL))?;
    tmpfs(&at, SCRATCH_OPTIONS)
        .map_err(|errno| ("mount a scratch folder", errno))?;
    tmpfs(c"/dev/shm", NAMES_OPTIONS)
        .map_err(|errno| ("mount a /dev/shm of its own", errno))?;
    show_queues(scratch)
        .map_err(|errno| ("mount a /dev/mqueue of its own", errno))
}

/// Where no system shows message queues, they are shown in the scratch
/// folder: who confines itself later, without rights, must find them.
fn show_queues(scratch: &Path) -> Result<(), Errno> {
    let kind = Some(c"mqueue");
    let show = |at: &CStr| mount(kind, at, kind, 0, None);
    let shown = match show(c"/dev/mqueue") {
        Err(Errno::ENOENT) => {
            let place = scratch.join(".mqueue");
            std::fs::create_dir(&place).map_err(|_| Errno::last())?;
            let at = CString::new(place.as_os_str().as_bytes());
            show(&at.map_err(|_| Errno::EINVAL)?)
        }
        shown => shown,
    };
    match shown {
        // This kernel has none.
        Err(Errno::ENODEV) => Ok(()),
        shown => shown,
    }
}

fn make_read_only() -> Result<(), Errno> {
    let attributes =
        Attributes { set: ATTR_RDONLY, clear: 0, propagation: 0, namespace: 0 };
    // SAFETY: path and structure live over the call, which copies them.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            SELF_AND_BELOW,
            &raw const attributes,
            size_of::<Attributes>(),
        )
    };
    Errno::result(result).map(drop)
}

fn mount(
    source: Option<&CStr>,
    at: &CStr,
    kind: Option<&CStr>,
    flags: c_ulong,
    options: Option<&CStr>,
) -> Result<(), Errno> {
    let pointer = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: every string ends in a zero byte and lives over the call; null
    // is "none" for all but the target.
    let result = unsafe {
        libc::mount(
            pointer(source),
            at.as_ptr(),
            pointer(kind),
            flags,
            pointer(options).cast(),
        )
    };
    Errno::result(result).map(drop)
}

/// The root of the file system in which message queues live, which no path
/// need lead to; `None` if it cannot be had.
pub(crate) fn message_queues() -> Option<OwnedFd> {
    const CREATE: c_int = 6; // FSCONFIG_CMD_CREATE, <linux/mount.h>
    let zero: c_int = 0;
    let own = |fd: i64| {
        // SAFETY: the kernel has just made it for us.
        (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd as c_int) })
    };
    let kind = c"mqueue".as_ptr();
    // SAFETY: the name lives over the call.
    let made = unsafe { libc::syscall(libc::SYS_fsopen, kind, 1) };
    let mounted = own(made).and_then(|made| {
        let fd = made.as_raw_fd();
        let none = ptr::null::<c_char>();
        // SAFETY: this command takes neither key nor value.
        unsafe {
            libc::syscall(libc::SYS_fsconfig, fd, CREATE, none, none, zero)
        };
        // SAFETY: three numbers.
        own(unsafe { libc::syscall(libc::SYS_fsmount, fd, 1, zero) })
    });
    mounted.or_else(mounted_queues)
}

/// Where they are shown, if they are (proc_pid_mountinfo(5)).
fn mounted_queues() -> Option<OwnedFd> {
    const MQUEUE: libc::__fsword_t = 0x1980_0202; // MQUEUE_MAGIC, ipc/mqueue.c
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let is_of_queues = |line: &&str| line.contains(" - mqueue ");
    let line = mounts.lines().rev().find(is_of_queues)?;
    let place = Path::new(line.split(' ').nth(4)?);
    if statfs(place).ok()?.filesystem_type().0 != MQUEUE {
        return None;
    }
    let flags = libc::O_PATH | libc::O_CLOEXEC;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(place);
    opened.ok().map(OwnedFd::from)
}

/// Lets the loopback device of a new network namespace carry packets.
pub(crate) fn raise_loopback() -> Result<(), Errno> {
    // SAFETY: three numbers.
    let socket = unsafe {
        libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)
    };
    let socket = Errno::result(socket)?;
    // SAFETY: all its fields may be zero.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as _;
    request.ifr_name[1] = b'o' as _;
    request.ifr_ifru.ifru_flags = libc::IFF_UP as i16;
    // SAFETY: the structure lives over the call, which reads it.
    let result = unsafe {
        libc::ioctl(socket, libc::SIOCSIFFLAGS as _, &raw const request)
    };
    // SAFETY: it was opened above.
    unsafe { libc::close(socket) };
    Errno::result(result).map(drop)
}
