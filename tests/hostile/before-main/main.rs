//! Kills whoever follows its calls before its main function begins.

use nix::libc;

extern "C" fn early() {
    // SAFETY: numbers only.
    unsafe { libc::kill(libc::getppid(), libc::SIGKILL) };
}

#[used]
#[unsafe(link_section = ".init_array")]
static EARLY: extern "C" fn() = early;

fn main() {}
