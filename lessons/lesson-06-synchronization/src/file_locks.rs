//! Three kinds of lock on a file. They differ in who owns the lock: an open
//! file (flock, OFD) or a process (fcntl). Every cell below is tried.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use common::{
    Context, Error, Result, Scratch, exit_child, expect_success, role, say,
};
use libc::c_int;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

type TryLock = fn(&File) -> Result<bool>;

const KINDS: [TryLock; 3] = [try_flock, try_fcntl, try_ofd];

pub(crate) fn run() -> Result {
    let scratch = Scratch::new()?;
    say!("{:<40} flock     fcntl     OFD", "I hold the lock. Now it is");
    let other = "for another process, by its own open";
    row(&scratch, other, |try_lock, _, path| {
        in_child(|| try_lock(&open(path)?))
    })?;
    let child = "for a child, by the inherited descriptor";
    row(&scratch, child, |try_lock, mine, _| in_child(|| try_lock(mine)))?;
    let myself = "for myself, by a second open";
    row(&scratch, myself, |try_lock, _, path| try_lock(&open(path)?))?;
    let later = "for another, after I close a second open";
    row(&scratch, later, |try_lock, _, path| {
        drop(open(path)?);
        in_child(|| try_lock(&open(path)?))
    })
}

/// One question, asked of each kind of lock on a file of its own.
fn row(
    scratch: &Scratch,
    question: &str,
    granted: impl Fn(TryLock, &File, &Path) -> Result<bool>,
) -> Result {
    let mut answers = String::new();
    for (number, try_lock) in KINDS.into_iter().enumerate() {
        let path = scratch.path(&format!("{number}"));
        let mine = open(&path)?;
        if !try_lock(&mine)? {
            return Err(Error::new("a fresh file was locked"));
        }
        let answer = match granted(try_lock, &mine, &path)? {
            true => "free",
            false => "locked",
        };
        answers.push_str(&format!("{answer:<10}"));
    }
    say!("{question:<40} {}", answers.trim_end());
    Ok(())
}

fn open(path: &Path) -> Result<File> {
    File::create(path).context(format_args!("cannot open {}", path.display()))
}

const REFUSED: c_int = 3;

/// What a child process is told when it tries.
fn in_child(granted: impl Fn() -> Result<bool>) -> Result<bool> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the child")? {
        ForkResult::Child => {
            role("child");
            match granted() {
                // SAFETY: _exit(2) ends the process here.
                Ok(false) => unsafe { libc::_exit(REFUSED) },
                outcome => exit_child(outcome.map(drop)),
            }
        }
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, REFUSED) => Ok(false),
            status => expect_success(status).map(|()| true),
        },
    }
}

fn try_flock(file: &File) -> Result<bool> {
    let how = libc::LOCK_EX | libc::LOCK_NB;
    // SAFETY: the descriptor is open while `file` is borrowed.
    granted(Errno::result(unsafe { libc::flock(file.as_raw_fd(), how) }))
}

fn try_fcntl(file: &File) -> Result<bool> {
    granted(fcntl(file, FcntlArg::F_SETLK(&whole_file())))
}

fn try_ofd(file: &File) -> Result<bool> {
    granted(fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file())))
}

fn whole_file() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: 0,
        l_len: 0, // 0 is "to the end, wherever it will be"
        l_pid: 0,
    }
}

fn granted(answer: nix::Result<c_int>) -> Result<bool> {
    match answer {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
