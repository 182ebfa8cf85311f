//! Sends itself traps without end, as a tracer would.

use nix::libc;

extern "C" fn again(_: libc::c_int) {}

fn main() {
    // SAFETY: the handler does nothing.
    unsafe { libc::signal(libc::SIGTRAP, again as *const () as usize) };
    loop {
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGTRAP).ok();
    }
}
