//! getpriority(2) and setpriority(2), which nix does not have.

// Unsigned in glibc, signed in musl: passed on as it is, it fits both.
use libc::PRIO_PROCESS;
use nix::errno::Errno;
use nix::unistd::Pid;

/// The niceness of any process: reading it needs no permission.
pub(crate) fn niceness(pid: Pid) -> nix::Result<i32> {
    let who = pid.as_raw() as libc::id_t;
    // -1 is a niceness like any other. Only errno tells it from a failure,
    // and nobody but this line resets errno.
    Errno::clear();
    // SAFETY: two numbers go in, no memory is touched.
    let niceness = unsafe { libc::getpriority(PRIO_PROCESS, who) };
    match Errno::last_raw() {
        0 => Ok(niceness),
        errno => Err(Errno::from_raw(errno)),
    }
}

/// On Linux this is the niceness of one thread: the one with that id.
pub(crate) fn set_niceness(pid: Pid, niceness: i32) -> nix::Result<()> {
    let who = pid.as_raw() as libc::id_t;
    // SAFETY: three numbers go in, no memory is touched.
    let result = unsafe { libc::setpriority(PRIO_PROCESS, who, niceness) };
    Errno::result(result).map(drop)
}
