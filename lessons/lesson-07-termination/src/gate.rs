//! A worker sends one byte when it has come so far. Its parent waits for the
//! byte: an event, where a notebook sleeps two seconds and hopes.

use std::os::fd::OwnedFd;

use common::{Error, Result, expect_success};
use nix::sys::wait::wait;
use nix::unistd::{read, write};

pub(crate) fn tell(write_end: &OwnedFd) -> Result {
    write(write_end, b".")?;
    Ok(())
}

/// Needs every other write end closed: else a worker that dies before it has
/// told leaves its parent waiting for ever.
pub(crate) fn await_told(read_end: &OwnedFd) -> Result {
    if read(read_end, &mut [0])? > 0 {
        return Ok(());
    }
    expect_success(wait()?)?; // it may have printed a reason
    Err(Error::new("the worker ended before it had begun"))
}
