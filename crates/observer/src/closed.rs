//! Standard input, output or error that this program was started without.
//!
//! Before `main`, Rust opens /dev/null in the place of each, so that no file
//! takes their numbers. What observes must not: its program would find open
//! what is closed without it. So they are looked at before that.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Those that were closed, as bits.
static CLOSED: AtomicU8 = AtomicU8::new(0);

const STANDARD: [RawFd; 3] =
    [libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO];

/// Called by the loader (ELF, `DT_INIT_ARRAY`), before `main`.
// SAFETY: the section holds pointers to functions of no argument that it
// needs, and each is called once, while there is one thread.
#[unsafe(link_section = ".init_array")]
#[used]
static BEFORE_MAIN: extern "C" fn() = look;

extern "C" fn look() {
    let is_closed = |fd: &RawFd| {
        // SAFETY: it asks for a number's flags, and changes nothing.
        unsafe { libc::fcntl(*fd, libc::F_GETFD) == -1 }
    };
    let closed = STANDARD.into_iter().filter(is_closed);
    let bits = closed.fold(0, |bits, fd| bits | 1 << fd);
    CLOSED.store(bits, Relaxed);
}

/// The standard descriptors that were closed when this program began: a
/// number that [`close_all`] takes.
pub(crate) fn at_begin() -> u8 {
    CLOSED.load(Relaxed)
}

/// In the process that is about to execute the program: closes them again.
pub(crate) fn close_all(closed: u8) {
    for fd in STANDARD.into_iter().filter(|fd| closed >> fd & 1 == 1) {
        // SAFETY: what Rust has opened there nobody in this process uses:
        // it is about to become another program.
        unsafe { libc::close(fd) };
    }
}
