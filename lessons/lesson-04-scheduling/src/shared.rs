//! Numbers that a parent and its children see together.

use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use common::{Context, Result};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

pub(crate) type Numbers = [AtomicU64; 8];

/// A page that `fork` does not copy: both processes keep the same one.
/// All numbers start at 0. lesson-05-shared-memory explains the call.
pub(crate) fn shared_numbers() -> Result<&'static Numbers> {
    let size = NonZeroUsize::new(size_of::<Numbers>())
        .expect("eight numbers have a size");
    // SAFETY: a new anonymous mapping overlaps nothing.
    let page = unsafe {
        mmap_anonymous(
            None,
            size,
            ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
            MapFlags::MAP_SHARED,
        )
    }
    .context("cannot map a shared page")?;
    let page: NonNull<Numbers> = page.cast();
    // SAFETY: the page is zeroed, aligned, and mapped as long as the process
    // lives; only atomics are ever read or written in it.
    Ok(unsafe { page.as_ref() })
}
