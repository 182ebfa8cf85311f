//! Work without end: a spinner never blocks.

use std::hint::spin_loop;

use common::Result;
use nix::sys::prctl;
use nix::sys::signal::Signal;

pub(crate) fn spin() -> Result {
    // Nothing would end a spinner whose parent was killed: it waits for
    // nothing, so no end of file can reach it.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    loop {
        spin_loop();
    }
}
