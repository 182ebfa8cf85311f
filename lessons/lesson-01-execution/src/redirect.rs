//! Between fork and exec the child is still ours: it changes descriptor 1, and
//! the next program writes there without knowing where that is.

use std::fs::{self, File};
use std::path::Path;

use common::{Context, Result, Scratch, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, dup2_stdout, execvp, fork};

pub(crate) fn run() -> Result {
    let scratch = Scratch::new()?;
    let file = scratch.path("out.txt");

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the plain writer")? {
        ForkResult::Child => exit_child(plain()),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
        }
    }
    // SAFETY: as above.
    match unsafe { fork() }.context("cannot fork the redirected writer")? {
        ForkResult::Child => exit_child(redirected(&file)),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
        }
    }
    say!("parent: my own descriptor 1 is where it was");
    say!("parent: out.txt holds: {}", fs::read_to_string(&file)?.trim_end());
    Ok(())
}

/// A child: leaves its descriptors as they are.
fn plain() -> Result {
    role("plain");
    writer()
}

/// A child: lets its descriptor 1 refer to the file, whatever it was.
fn redirected(file: &Path) -> Result {
    role("redirected");
    let file = File::create(file)
        .context(format_args!("cannot create {}", file.display()))?;
    dup2_stdout(&file)?;
    writer()
}

/// The same program for both.
fn writer() -> Result {
    let argv = [c"sh", c"-c", c"echo \"sh: this goes to descriptor 1\""];
    match execvp(c"sh", &argv).context("cannot execute sh, sought in PATH")? {}
}
