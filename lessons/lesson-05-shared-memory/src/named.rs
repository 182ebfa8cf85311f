//! A name in /dev/shm joins processes that share nothing else. It lives until
//! somebody unlinks it, not until somebody ends.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, fstat};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, ftruncate, getpid};

use crate::mapping::Mapping;

pub(crate) fn run() -> Result {
    role("creator");
    let name = Name(format!("/forklore-pid={}", getpid()));
    make(&name)?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the writer")? {
        ForkResult::Child => exit_child(writer(&name)),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
            reopen(&name)
        }
    }
}

/// The parent, the creator: makes the object, and lets go of it.
fn make(name: &Name) -> Result {
    // O_EXCL: an object of this name that somebody left behind is refused.
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR;
    let object = shm_open(&*name.0, flags, Mode::S_IRUSR | Mode::S_IWUSR)
        .context(format_args!("cannot create {}", name.0))?;
    let status = fstat(&object)?;
    let mode = status.st_mode & 0o777;
    say!("creator: makes {}, mode {mode:o}", name.0);
    say!("creator: its size is {}", status.st_size);
    touched_too_early(&object)?;

    ftruncate(&object, size_of::<AtomicI32>() as i64)
        .context(format_args!("cannot resize {}", name.0))?;
    say!("creator: its size is {}; closes it", fstat(&object)?.st_size);
    Ok(())
}

/// Sends a child to its death: a mapping reaches no further than its object.
fn touched_too_early(object: &OwnedFd) -> Result {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the toucher")? {
        ForkResult::Child => exit_child(toucher(object)),
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Signaled(_, Signal::SIGBUS, _) => {
                say!("creator: the toucher was killed by SIGBUS");
                Ok(())
            }
            other => Err(Error::new(format!("no SIGBUS, but {other:?}"))),
        },
    }
}

/// A child: mmap(2) lets it map the empty object; the first touch kills it.
fn toucher(object: &OwnedFd) -> Result {
    role("toucher");
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?; // leaves no core file
    let number = Mapping::<AtomicI32>::of(object)?;
    say!("toucher: has mapped it, and touches it");
    say!("toucher: reads {}", number.load(Relaxed));
    Ok(())
}

/// A child that inherits the name, and neither descriptor nor mapping.
fn writer(name: &Name) -> Result {
    role("writer");
    let number = Mapping::<AtomicI32>::of(open(name)?)?;
    number.store(42, Relaxed);
    say!("writer:  opens the name, stores 42, ends");
    Ok(())
}

/// The creator again, when nobody has the object open or mapped any more.
fn reopen(name: &Name) -> Result {
    let number = Mapping::<AtomicI32>::of(open(name)?)?;
    say!("creator: opens the name, loads {}", number.load(Relaxed));

    shm_unlink(&*name.0)?;
    say!("creator: unlinks the name, loads {}", number.load(Relaxed));
    match shm_open(&*name.0, OFlag::O_RDWR, Mode::empty()) {
        Err(errno @ Errno::ENOENT) => say!("creator: opens the name: {errno}"),
        other => return Err(Error::new(format!("no ENOENT, but {other:?}"))),
    }
    Ok(())
}

fn open(name: &Name) -> Result<OwnedFd> {
    shm_open(&*name.0, OFlag::O_RDWR, Mode::empty())
        .context(format_args!("cannot open {}", name.0))
}

/// Unlinked at the latest when the demo ends, whether well or with an error.
struct Name(String);

impl Drop for Name {
    fn drop(&mut self) {
        shm_unlink(&*self.0).ok(); // ENOENT: it has been done above
    }
}
