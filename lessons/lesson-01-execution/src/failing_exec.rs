//! exec returns only if it failed. Then the child still is what fork made it:
//! a copy of its parent, in the middle of its parent's loop.

use std::io::{PipeWriter, Read, Write, pipe};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, execv, fork};

const ROUNDS: u32 = 3;

pub(crate) fn run() -> Result {
    let (naive, cured) = (processes(naive)?, processes(cured)?);
    say!("{ROUNDS} rounds, a child that runs on: {naive} processes");
    say!("{ROUNDS} rounds, a child that ends: {cured} processes");
    Ok(())
}

/// Runs a launcher in a process of its own and counts: each process writes
/// one byte at its birth, and the end of file says that all are gone.
fn processes(launcher: fn(PipeWriter) -> Result) -> Result<usize> {
    let (mut births, birth) = pipe().context("cannot make a pipe")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the launcher")? {
        ForkResult::Child => {
            drop(births);
            exit_child(launcher(birth))
        }
        ForkResult::Parent { child } => {
            drop(birth);
            let count = births.read_to_end(&mut Vec::new())?;
            expect_success(waitpid(child, None)?)?;
            Ok(count)
        }
    }
}

/// A child, and in the end all of its descendants: nothing stands between
/// the failed exec and the next round.
fn naive(mut birth: PipeWriter) -> Result {
    role("naive");
    birth.write_all(b".")?;
    for _ in 0..ROUNDS {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a child")? {
            ForkResult::Child => {
                birth.write_all(b".")?;
                let Err(_) = execv(c"/no/such/program", &[c"program"]);
            }
            ForkResult::Parent { child } => {
                expect_success(waitpid(child, None)?)?;
            }
        }
    }
    Ok(())
}

/// A child: the same, but whoever fails to exec ends.
fn cured(mut birth: PipeWriter) -> Result {
    role("cured");
    birth.write_all(b".")?;
    for _ in 0..ROUNDS {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a child")? {
            ForkResult::Child => {
                birth.write_all(b".")?;
                let Err(_) = execv(c"/no/such/program", &[c"program"]);
                // SAFETY: _exit(2) ends the process; nothing of it runs on.
                unsafe { libc::_exit(127) }
            }
            ForkResult::Parent { child } => {
                waitpid(child, None)?;
            }
        }
    }
    Ok(())
}
