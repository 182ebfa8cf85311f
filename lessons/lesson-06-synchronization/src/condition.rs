//! A condition variable that works between processes.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use common::{Context, Result};
use libc::pthread_cond_t;
use nix::errno::Errno;

use crate::locks::{Guard, Mutex, check};
use crate::shared::{Share, Shared};

/// A place to wait for a change of what the mutex protects. It remembers
/// nothing: a wake-up that meets no waiter is lost.
pub(crate) struct Condition {
    raw: Shared<RawCondition>,
    mutex: *const libc::pthread_mutex_t,
}

struct RawCondition(UnsafeCell<pthread_cond_t>);
// SAFETY: the pthread_cond_* calls may be made by many threads at once.
unsafe impl Sync for RawCondition {}
// SAFETY: what is inside the process-shared kind has its meaning everywhere.
unsafe impl Share for RawCondition {}

impl Condition {
    /// For waiters that hold this mutex; pthread_cond_wait(3p) leaves it
    /// undefined what two waiters with two mutexes do.
    pub(crate) fn new(mutex: &Mutex) -> Result<Self> {
        let mut kind = MaybeUninit::uninit();
        let kind = kind.as_mut_ptr();
        // SAFETY: `kind` is ours to write.
        check(unsafe { libc::pthread_condattr_init(kind) })?;
        let shared = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: `kind` is initialised.
        check(unsafe { libc::pthread_condattr_setpshared(kind, shared) })?;

        let blank =
            RawCondition(UnsafeCell::new(libc::PTHREAD_COND_INITIALIZER));
        let raw = Shared::new(blank)?;
        // SAFETY: it stands where it will stay, and nobody uses it yet.
        check(unsafe { libc::pthread_cond_init(raw.0.get(), kind) })
            .context("cannot make a condition variable")?;
        Ok(Self { raw, mutex: mutex.place() })
    }

    /// Unlocks and falls asleep in one step, so that no wake-up fits between
    /// the two; holds the mutex again when it returns.
    pub(crate) fn wait(&self, guard: &mut Guard<'_>) -> nix::Result<()> {
        let mutex = guard.mutex.place();
        if self.mutex != mutex {
            return Err(Errno::EINVAL);
        }
        // SAFETY: both are initialised, and this is the mutex of all waiters.
        check(unsafe { libc::pthread_cond_wait(self.raw.0.get(), mutex) })
    }

    pub(crate) fn wake_one(&self) -> nix::Result<()> {
        // SAFETY: `new` initialised it.
        check(unsafe { libc::pthread_cond_signal(self.raw.0.get()) })
    }

    pub(crate) fn wake_all(&self) -> nix::Result<()> {
        // SAFETY: `new` initialised it.
        check(unsafe { libc::pthread_cond_broadcast(self.raw.0.get()) })
    }
}
