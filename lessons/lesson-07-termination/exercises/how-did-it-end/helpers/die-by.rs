//! Kills itself by the signal whose name is its argument.

use std::env::args;

use nix::sys::signal::{SigHandler, Signal, raise, signal};

fn main() -> Result<(), nix::Error> {
    let name = args().nth(1).unwrap_or_default();
    // No core file is to be written.
    let none = nix::libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure lives over the call.
    unsafe { nix::libc::setrlimit(nix::libc::RLIMIT_CORE, &raw const none) };
    let deadly = name.parse::<Signal>()?;
    // Rust handles SIGSEGV, to tell of a stack that overflowed.
    if deadly != Signal::SIGKILL {
        // SAFETY: the default action is no handler.
        unsafe { signal(deadly, SigHandler::SigDfl) }?;
    }
    raise(deadly)
}
