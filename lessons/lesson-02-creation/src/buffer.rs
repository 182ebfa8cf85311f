//! Text that waits in a buffer of the process is memory like any other: fork
//! copies it, and each copy may be written.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, dup2_stdout, fork, pipe};

type Ending = fn() -> !;

pub(crate) fn run() -> Result {
    say!("the child calls exit:  {}", captured(false, exit)?);
    say!("the child calls _exit: {}", captured(false, underscore_exit)?);
    say!("flushed before fork:   {}", captured(true, exit)?);
    Ok(())
}

/// All that a printer and its child write to standard output.
fn captured(flush: bool, ending: Ending) -> Result<String> {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the printer")? {
        ForkResult::Child => {
            drop(read_end);
            exit_child(printer(write_end, flush, ending))
        }
        ForkResult::Parent { child } => {
            drop(write_end);
            let text = io::read_to_string(File::from(read_end))?;
            expect_success(waitpid(child, None)?)?;
            Ok(text)
        }
    }
}

/// Its standard output is the pipe. It prints once.
#[expect(clippy::print_stdout, reason = "the buffer of print! is the subject")]
fn printer(write_end: OwnedFd, flush: bool, ending: Ending) -> Result {
    role("printer");
    dup2_stdout(&write_end)?;
    // No newline: print! keeps the text in its buffer until there is one.
    print!("[once]");
    if flush {
        io::stdout().flush()?;
    }

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the child")? {
        ForkResult::Child => {
            role("child");
            ending()
        }
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
            io::stdout().flush()?;
            Ok(())
        }
    }
}

/// exit(3): the buffers are written, then the process ends.
#[expect(clippy::disallowed_methods, reason = "what it does is shown here")]
fn exit() -> ! {
    std::process::exit(0)
}

/// _exit(2): the process ends. What is still in a buffer is lost with it.
fn underscore_exit() -> ! {
    // SAFETY: nothing of this process runs on.
    unsafe { libc::_exit(0) }
}
