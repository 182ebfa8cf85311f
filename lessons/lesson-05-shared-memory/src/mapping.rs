//! A mapping is memory seen as a `T`. It hands out `&T`, never `&mut T`, and a
//! `T` is made of atomics: anything else in memory that another process may
//! write at any moment is undefined behaviour.

use std::num::NonZeroUsize;
use std::ops::Deref;
use std::os::fd::AsFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicU32};

use common::{Context, Result};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

/// What may live in a mapping.
///
/// # Safety
/// The type holds atomics only, and all bytes zero are a valid value of it:
/// that is what a new page holds.
pub(crate) unsafe trait Atomics {}

// SAFETY: an atomic integer; zero is one of its values.
unsafe impl Atomics for AtomicI32 {}
// SAFETY: an atomic integer; zero is one of its values.
unsafe impl Atomics for AtomicU32 {}
// SAFETY: as many atomics as the array has places.
unsafe impl<T: Atomics, const N: usize> Atomics for [T; N] {}

/// Memory of this process, seen as a `T`, until it is dropped.
pub(crate) struct Mapping<T: Atomics> {
    start: NonNull<T>,
}

const READ_WRITE: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

impl<T: Atomics> Mapping<T> {
    const LENGTH: NonZeroUsize =
        NonZeroUsize::new(size_of::<T>()).expect("a T has a size");

    /// New memory, all zero, without a name. Whether the children forked from
    /// now on see the same memory or a copy of it is for the flag to say.
    pub(crate) fn anonymous(flag: MapFlags) -> Result<Self> {
        // SAFETY: a new mapping overlaps nothing.
        let start =
            unsafe { mmap_anonymous(None, Self::LENGTH, READ_WRITE, flag) }
                .context("cannot map anonymous memory")?;
        Ok(Self { start: start.cast() })
    }

    /// The memory of this object, from its first byte.
    pub(crate) fn of(object: impl AsFd) -> Result<Self> {
        let flag = MapFlags::MAP_SHARED;
        // SAFETY: a new mapping overlaps nothing.
        let start =
            unsafe { mmap(None, Self::LENGTH, READ_WRITE, flag, object, 0) }
                .context("cannot map the object")?;
        Ok(Self { start: start.cast() })
    }
}

impl<T: Atomics> Deref for Mapping<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: mapped until the drop below, aligned to a page, atomics.
        unsafe { self.start.as_ref() }
    }
}

impl<T: Atomics> Drop for Mapping<T> {
    fn drop(&mut self) {
        // SAFETY: mapped with this length; no `&T` outlives `self`.
        unsafe { munmap(self.start.cast(), Self::LENGTH.get()) }.ok();
    }
}
