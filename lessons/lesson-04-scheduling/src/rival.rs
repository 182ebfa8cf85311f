//! Somebody to compete with for a CPU.

use std::os::fd::OwnedFd;

use common::{Result, role};
use nix::unistd::{Pid, read};

use crate::cpu::end_with;

/// A child that works, once the gate is open, until its parent kills it.
pub(crate) fn rival(gate: OwnedFd, parent: Pid, work: fn()) -> Result {
    role("rival");
    end_with(parent)?;
    read(&gate, &mut [0])?;
    loop {
        work();
    }
}
