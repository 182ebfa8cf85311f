//! Memory that a process shares with the children it forks later, and a
//! semaphore in it.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use common::{Context, Result};
use libc::{sem_init, sem_post, sem_t, sem_wait};
use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// What may stand in shared memory.
///
/// # Safety
/// The type holds no pointer and owns no memory: both mean something in one
/// process only. It changes through `&` alone, since every process has one.
pub(crate) unsafe trait Share: Sync {}

// SAFETY: a number, which changes atomically.
unsafe impl Share for AtomicU32 {}
// SAFETY: an array holds what its items hold.
unsafe impl<T: Share, const N: usize> Share for [T; N] {}

/// A value in pages of its own: `fork` copies everything else, these it
/// shares.
pub(crate) struct Shared<T: Share> {
    place: NonNull<T>,
}

impl<T: Share> Shared<T> {
    pub(crate) fn new(value: T) -> Result<Self> {
        let size = NonZeroUsize::new(size_of::<T>())
            .expect("what is shared has a size");
        // SAFETY: a new anonymous mapping overlaps nothing.
        let pages = unsafe {
            mmap_anonymous(
                None,
                size,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED,
            )
        }
        .context("cannot map shared memory")?;
        let place = pages.cast();
        // SAFETY: the pages are new, writable, large enough, and aligned for
        // any type: they start at the border of a page.
        unsafe { place.write(value) };
        Ok(Self { place })
    }
}

impl<T: Share> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: mapped and initialised until drop; `Share` promises that
        // nobody, here or in another process, makes a `&mut` of it.
        unsafe { self.place.as_ref() }
    }
}

impl<T: Share> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: no borrow of the value outlives its owner. The other
        // processes keep mappings of their own.
        unsafe { munmap(self.place.cast(), size_of::<T>()) }.ok();
    }
}

/// A number that never goes below 0: who would take it there waits.
pub(crate) struct Semaphore {
    raw: Shared<RawSemaphore>,
}

struct RawSemaphore(UnsafeCell<MaybeUninit<sem_t>>);
// SAFETY: the sem_* calls may be made by many threads at once.
unsafe impl Sync for RawSemaphore {}
// SAFETY: a process-shared semaphore holds no pointer.
unsafe impl Share for RawSemaphore {}

impl Semaphore {
    pub(crate) fn new(start: u32) -> Result<Self> {
        let blank = RawSemaphore(UnsafeCell::new(MaybeUninit::uninit()));
        let semaphore = Self { raw: Shared::new(blank)? };
        let for_processes = 1;
        // SAFETY: it stands where it will stay, and nobody uses it yet.
        Errno::result(unsafe {
            sem_init(semaphore.place(), for_processes, start)
        })
        .context("cannot make a semaphore")?;
        Ok(semaphore)
    }

    /// Takes one from the number; waits while it is 0.
    pub(crate) fn wait(&self) -> Result {
        // SAFETY: `new` initialised it.
        Errno::result(unsafe { sem_wait(self.place()) })?;
        Ok(())
    }

    /// Adds one and wakes a waiter. Any process may; there is no owner.
    pub(crate) fn post(&self) -> Result {
        // SAFETY: `new` initialised it.
        Errno::result(unsafe { sem_post(self.place()) })?;
        Ok(())
    }

    fn place(&self) -> *mut sem_t {
        self.raw.0.get().cast()
    }
}
