//! A mutex that works between processes: a pthread object in shared memory.

use std::cell::UnsafeCell;
use std::mem::{ManuallyDrop, MaybeUninit};

use common::{Context, Result};
use libc::{c_int, pthread_mutex_t, timespec};
use nix::errno::Errno;

use crate::shared::{Share, Shared};

/// At most one process holds it, and only its holder can unlock it.
pub(crate) struct Mutex {
    // Never unmapped: the kernel may have its address on the list of what to
    // do when a holder dies.
    raw: ManuallyDrop<Shared<RawMutex>>,
}

struct RawMutex(UnsafeCell<pthread_mutex_t>);
// SAFETY: the pthread_mutex_* calls may be made by many threads at once.
unsafe impl Sync for RawMutex {}
// SAFETY: what is inside a process-shared mutex has its meaning everywhere.
unsafe impl Share for RawMutex {}

impl Mutex {
    /// The usual kind: it does not notice when its holder dies.
    pub(crate) fn new() -> Result<Self> {
        Self::with(libc::PTHREAD_MUTEX_STALLED)
    }

    /// The kind that tells its next holder that the last one died.
    pub(crate) fn robust() -> Result<Self> {
        Self::with(libc::PTHREAD_MUTEX_ROBUST)
    }

    fn with(robust: c_int) -> Result<Self> {
        let mut kind = MaybeUninit::uninit();
        let kind = kind.as_mut_ptr();
        // SAFETY: `kind` is ours to write.
        check(unsafe { libc::pthread_mutexattr_init(kind) })?;
        let shared = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: `kind` is initialised, here and for the next three.
        check(unsafe { libc::pthread_mutexattr_setpshared(kind, shared) })?;
        // Misuse becomes an error: EDEADLK for a second lock by the holder,
        // EPERM for an unlock by anybody else.
        let strict = libc::PTHREAD_MUTEX_ERRORCHECK;
        // SAFETY: as above.
        check(unsafe { libc::pthread_mutexattr_settype(kind, strict) })?;
        // SAFETY: as above.
        check(unsafe { libc::pthread_mutexattr_setrobust(kind, robust) })?;

        let blank = RawMutex(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER));
        let mutex = Self { raw: ManuallyDrop::new(Shared::new(blank)?) };
        // SAFETY: it stands where it will stay, and nobody uses it yet.
        check(unsafe { libc::pthread_mutex_init(mutex.place(), kind) })
            .context("cannot make a mutex")?;
        Ok(mutex)
    }

    /// Waits until it is free, and holds it until the guard is dropped.
    pub(crate) fn lock(&self) -> nix::Result<Guard<'_>> {
        // SAFETY: `with` initialised it.
        self.guard(unsafe { libc::pthread_mutex_lock(self.place()) })
    }

    /// The same, but gives up at a time of `CLOCK_REALTIME`.
    pub(crate) fn lock_until(&self, time: timespec) -> nix::Result<Guard<'_>> {
        let place = self.place();
        // SAFETY: `with` initialised it.
        self.guard(unsafe { libc::pthread_mutex_timedlock(place, &time) })
    }

    fn guard(&self, answer: c_int) -> nix::Result<Guard<'_>> {
        let holder_died = answer == libc::EOWNERDEAD;
        if !holder_died {
            check(answer)?;
        }
        Ok(Guard { mutex: self, holder_died })
    }

    pub(crate) fn place(&self) -> *mut pthread_mutex_t {
        self.raw.0.get()
    }
}

/// Who has it holds the mutex; dropping it unlocks.
pub(crate) struct Guard<'a> {
    pub(crate) mutex: &'a Mutex,
    /// The last holder died: what the mutex protects may be half changed.
    pub(crate) holder_died: bool,
}

impl Guard<'_> {
    /// Says that the data is whole again (after `holder_died`).
    pub(crate) fn mark_consistent(&self) -> nix::Result<()> {
        // SAFETY: `with` initialised it.
        check(unsafe { libc::pthread_mutex_consistent(self.mutex.place()) })
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // SAFETY: `with` initialised it. The copy of a guard that fork made
        // is refused: EPERM, its process is not the holder.
        unsafe { libc::pthread_mutex_unlock(self.mutex.place()) };
    }
}

/// pthread calls return the errno instead of setting it.
pub(crate) fn check(answer: c_int) -> nix::Result<()> {
    match answer {
        0 => Ok(()),
        errno => Err(Errno::from_raw(errno)),
    }
}
