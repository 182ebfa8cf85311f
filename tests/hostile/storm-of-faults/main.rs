//! Handles the same fault again and again, each a stop for whoever follows its calls.

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

extern "C" fn again(_: libc::c_int) {}

fn main() {
    let handler = SigHandler::Handler(again);
    let action = SigAction::new(handler, SaFlags::SA_NODEFER, SigSet::empty());
    // SAFETY: the handler does nothing.
    unsafe { sigaction(Signal::SIGSEGV, &action) }.unwrap();
    // SAFETY: it is meant to fault, for ever.
    unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
}
