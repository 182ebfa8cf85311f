//! A process is killed while it holds a lock. A robust mutex tells the next
//! one; any other mutex stays locked for ever.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{Context, Error, Result, exit_child, role, say};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeSpec;
use nix::sys::wait::waitpid;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{ForkResult, fork, pause, pipe, read, write};

use crate::locks::Mutex;
use crate::shared::{Share, Shared};

/// A rule holds between two critical sections: a + b = 100.
struct Purses {
    a: AtomicU32,
    b: AtomicU32,
}
// SAFETY: numbers, which change atomically.
unsafe impl Share for Purses {}

impl Purses {
    fn sum(&self) -> u32 {
        self.a.load(Relaxed) + self.b.load(Relaxed)
    }
}

pub(crate) fn run() -> Result {
    let purses = Purses { a: AtomicU32::new(60), b: AtomicU32::new(40) };
    let purses = Shared::new(purses)?;

    let robust = Mutex::robust()?;
    die_holding(&robust, &purses)?;
    say!("robust mutex: its holder is dead, killed by SIGKILL");
    heir(&robust, &purses)?;
    let guard = robust.lock()?;
    say!("next: an ordinary lock, a + b = {}", purses.sum());
    drop(guard);

    let plain = Mutex::new()?;
    die_holding(&plain, &purses)?;
    say!("plain mutex: its holder is dead, killed by SIGKILL");
    match plain.lock_until(in_ten_ms()?) {
        Err(Errno::ETIMEDOUT) => {
            say!("plain mutex: still locked after 10 ms: ETIMEDOUT");
            Ok(())
        }
        Err(errno) => Err(errno.into()),
        Ok(_) => Err(Error::new("the plain mutex was free")),
    }
}

/// Returns when a process has died that held this lock.
fn die_holding(lock: &Mutex, purses: &Purses) -> Result {
    let (halfway, report) = pipe().context("cannot make a pipe")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the holder")? {
        ForkResult::Child => {
            drop(halfway);
            exit_child(holder(lock, purses, report))
        }
        ForkResult::Parent { child } => {
            drop(report);
            if read(&halfway, &mut [0])? == 0 {
                return Err(Error::new("the holder ended early"));
            }
            kill(child, Signal::SIGKILL)?;
            waitpid(child, None)?;
            Ok(())
        }
    }
}

/// Takes 30 from one purse, and never comes to put it into the other.
fn holder(lock: &Mutex, purses: &Purses, report: OwnedFd) -> Result {
    role("holder");
    let _guard = lock.lock()?;
    let a = purses.a.load(Relaxed);
    purses.a.store(a - 30, Relaxed);
    write(&report, b"1")?;
    pause();
    Ok(())
}

/// The next one to lock inherits the lock, and what was left half done.
fn heir(lock: &Mutex, purses: &Purses) -> Result {
    let guard = lock.lock()?;
    if !guard.holder_died {
        return Err(Error::new("the heir was not told"));
    }
    say!("heir: EOWNERDEAD, the lock is mine and a + b = {}", purses.sum());
    let missing = 100 - purses.sum();
    purses.b.store(purses.b.load(Relaxed) + missing, Relaxed);
    guard.mark_consistent()?;
    say!("heir: put the missing {missing} into b, called it consistent");
    Ok(())
}

fn in_ten_ms() -> Result<libc::timespec> {
    let now = clock_gettime(ClockId::CLOCK_REALTIME)?;
    Ok(*(now + TimeSpec::new(0, 10_000_000)).as_ref())
}
