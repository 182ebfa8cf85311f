//! One failure, one line: what all processes of a demo know of what went
//! wrong, in a page they share.
//!
//! A process that fails drops its ends of pipes, and others fail in turn. The
//! first error that comes into being is the cause; who made it speaks, the
//! others end in silence.

use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::unistd::getpid;

use crate::Result;

struct Page {
    /// The errno of the first line that could not be written, or 0.
    lost_output: AtomicI32,
    /// The pid of the process that met the first error, or 0.
    cause: AtomicI32,
    /// 1 as soon as an error line is printed.
    is_told: AtomicI32,
}

static PAGE: OnceLock<&'static Page> = OnceLock::new();

/// Makes the page; called before the demo's first `fork`.
pub(crate) fn share_page() -> Result {
    let size = NonZeroUsize::new(size_of::<Page>()).expect("a page has a size");
    // SAFETY: a new anonymous mapping overlaps nothing.
    let page = unsafe {
        mmap_anonymous(
            None,
            size,
            ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
            MapFlags::MAP_SHARED,
        )
    }?;
    let page: NonNull<Page> = page.cast();
    // SAFETY: the page is zeroed, aligned, and stays mapped until the end of
    // the process; atomics are all that is ever read or written there.
    let page = unsafe { page.as_ref() };
    PAGE.set(page).ok();
    Ok(())
}

/// Notes that a line could not be written.
pub(crate) fn lose_output(errno: Errno) {
    if let Some(page) = PAGE.get() {
        let none = 0;
        let lost = &page.lost_output;
        lost.compare_exchange(none, errno as i32, Relaxed, Relaxed).ok();
    }
}

/// Why output was lost, in this process or in a child of it.
pub(crate) fn lost_output() -> Option<Errno> {
    match PAGE.get()?.lost_output.load(Relaxed) {
        0 => None,
        errno => Some(Errno::from_raw(errno)),
    }
}

/// Notes that this process has met an error.
pub(crate) fn meet_error() {
    if let Some(page) = PAGE.get() {
        let pid = getpid().as_raw();
        page.cause.compare_exchange(0, pid, Relaxed, Relaxed).ok();
    }
}

/// Whether no process of this program has met an error.
pub(crate) fn is_unmet() -> bool {
    PAGE.get().is_none_or(|page| page.cause.load(Relaxed) == 0)
}

/// Whether this process met the first error of all.
pub(crate) fn is_cause() -> bool {
    PAGE.get().is_none_or(|page| page.cause.load(Relaxed) == getpid().as_raw())
}

/// Whether an error line is printed.
pub(crate) fn is_told() -> bool {
    PAGE.get().is_some_and(|page| page.is_told.load(Relaxed) == 1)
}

/// Whether an error line was printed before; from now on one was.
pub(crate) fn was_told() -> bool {
    PAGE.get().is_some_and(|page| page.is_told.swap(1, Relaxed) == 1)
}
