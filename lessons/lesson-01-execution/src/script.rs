//! A program is a file: this one is written first, and then `sh` runs it.

use std::fs;
use std::path::Path;

use common::{Context, Result, Scratch, exit_child, expect_success, role};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, execvp, fork};

use crate::c_path::c_path;

pub(crate) fn run() -> Result {
    let scratch = Scratch::new()?;
    let file = scratch.path("code.sh");
    fs::write(&file, "echo Sweeterror404\n")
        .context(format_args!("cannot write {}", file.display()))?;

    // SAFETY: this process has one thread, so the child cannot inherit a lock
    // whose holder did not come along.
    match unsafe { fork() }.context("cannot fork the interpreter")? {
        ForkResult::Child => exit_child(interpreter(&file)),
        ForkResult::Parent { child } => expect_success(waitpid(child, None)?),
    }
}

/// The child: from the execvp on it is `sh`, which reads the file.
fn interpreter(file: &Path) -> Result {
    role("interpreter");
    let argv = [c"sh", &c_path(file)];
    // A match without arms: there is no value that a successful exec returns.
    match execvp(c"sh", &argv).context("cannot execute sh, sought in PATH")? {}
}
