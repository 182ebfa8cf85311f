//! Each process squares its own half: nobody else writes there, so a load and
//! a store are enough.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::numbers::{one_to_five, values};

pub(crate) fn run() -> Result {
    let cells = one_to_five()?;
    // Five do not divide by two: the second half takes the odd one.
    let (left, right) = cells.split_at(cells.len() / 2);
    say!("left: {} cells, right: {} cells", left.len(), right.len());

    let mut workers = Vec::new();
    for (name, half) in [("left", left), ("right", right)] {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => exit_child(worker(name, half)),
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    for child in workers {
        expect_success(waitpid(child, None)?)?;
    }
    say!("Shared numbers: {:?}", values(&cells));
    Ok(())
}

/// A child: squares its half, and nothing else.
fn worker(name: &str, half: &[AtomicI32]) -> Result {
    role(name);
    for cell in half {
        let old = cell.load(Relaxed);
        cell.store(old * old, Relaxed);
    }
    Ok(())
}
