//! Order: the reader waits at a semaphore that starts at 0, and only the
//! writer can raise it.

use std::fs;
use std::path::Path;

use common::{Context, Result, Scratch, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::shared::Semaphore;

pub(crate) fn run() -> Result {
    role("parent");
    let scratch = Scratch::new()?;
    let file = scratch.path("msg.txt");
    let written = Semaphore::new(0)?;

    // The reader is made first: it has every chance to come too early.
    // SAFETY: this process has one thread.
    let reader = match unsafe { fork() }.context("cannot fork the reader")? {
        ForkResult::Child => exit_child(reader(&file, &written)),
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    let writer = match unsafe { fork() }.context("cannot fork the writer")? {
        ForkResult::Child => exit_child(writer(&file, &written)),
        ForkResult::Parent { child } => child,
    };
    // A semaphore does not notice that nobody will ever post. This process
    // does: when the writer fails, it gives up, and the reader is ended.
    expect_success(waitpid(writer, None)?)?;
    expect_success(waitpid(reader, None)?)
}

fn reader(file: &Path, written: &Semaphore) -> Result {
    role("reader");
    written.wait()?;
    let data = fs::read_to_string(file)
        .context(format_args!("cannot read {}", file.display()))?;
    say!("Data read from file: {}", data.trim_end());
    Ok(())
}

fn writer(file: &Path, written: &Semaphore) -> Result {
    role("writer");
    fs::write(file, "An Error is a Sweet Taste\n")
        .context(format_args!("cannot write {}", file.display()))?;
    say!("Data written to file successfully.");
    written.post()
}
