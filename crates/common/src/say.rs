//! One line, one `write(2)`.

use std::fmt::Arguments;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

use crate::Result;

/// Prints one line with one `write(2)`, past every buffer: a line of two
/// processes never mixes with another (up to `PIPE_BUF` bytes), and `fork`
/// has no half-printed text to copy.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::line(::core::format_args!($($text)*)) };
}

/// The errno of the first line that could not be written, in a page which all
/// processes of a demo share: so it is reported once, whoever met it.
static LOST: OnceLock<&'static AtomicI32> = OnceLock::new();

/// Makes the page; called before the demo's first `fork`.
pub(crate) fn watch_output() -> Result {
    let size = NonZeroUsize::new(size_of::<AtomicI32>())
        .expect("an integer has a size");
    // SAFETY: a new anonymous mapping overlaps nothing.
    let page = unsafe {
        mmap_anonymous(
            None,
            size,
            ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
            MapFlags::MAP_SHARED,
        )
    }?;
    let page: NonNull<AtomicI32> = page.cast();
    // SAFETY: the page is zeroed, aligned, and stays mapped until the end of
    // the process; atomics are all that is ever read or written there.
    let lost = unsafe { page.as_ref() };
    LOST.set(lost).ok();
    Ok(())
}

/// The reason why output was lost, in this process or in a child of it.
pub(crate) fn lost_output() -> Option<Errno> {
    match LOST.get()?.load(Relaxed) {
        0 => None,
        errno => Some(Errno::from_raw(errno)),
    }
}

#[doc(hidden)]
pub fn line(text: Arguments<'_>) {
    if let Err(errno) = write_line(io::stdout(), text)
        && let Some(lost) = LOST.get()
    {
        lost.compare_exchange(0, errno as i32, Relaxed, Relaxed).ok();
    }
}

pub(crate) fn write_line(
    to: impl AsFd,
    text: Arguments<'_>,
) -> nix::Result<()> {
    let line = format!("{text}\n");
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        match nix::unistd::write(&to, rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
