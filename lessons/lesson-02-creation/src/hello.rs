//! A process without a fork of its own: it has a number all the same, since
//! somebody forked it.

use common::{Result, say};
use nix::unistd::getpid;

pub(crate) fn run() -> Result {
    say!("pid {}", getpid());
    say!("Hello World");
    Ok(())
}
