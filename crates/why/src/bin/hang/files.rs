//! Files and their locks, of all three kinds.

use std::fs::File;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

use crate::Result;

/// A new open file description of a file in the working folder.
pub(crate) fn open(name: &str) -> Result<File> {
    Ok(File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(name)?)
}

/// An exclusive flock(2); waits for it.
pub(crate) fn flock(file: &File) -> Result {
    // SAFETY: a plain call on an open descriptor.
    let locked = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) };
    Errno::result(locked)?;
    Ok(())
}

/// A record lock of this process on one byte; waits for it.
pub(crate) fn lock_byte(file: &File, byte: i64) -> Result {
    fcntl(file, FcntlArg::F_SETLKW(&range(byte, 1)))?;
    Ok(())
}

/// A lock of this open file description on some bytes; waits for it.
pub(crate) fn lock_description(file: &File, from: i64, bytes: i64) -> Result {
    fcntl(file, FcntlArg::F_OFD_SETLKW(&range(from, bytes)))?;
    Ok(())
}

fn range(from: i64, bytes: i64) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: from,
        l_len: bytes,
        l_pid: 0,
    }
}
