//! exec puts another program into a process. The process stays: its pid, its
//! parent, and its end, which its parent waits for.

use std::ffi::CStr;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, execvp, fork, getpid};

pub(crate) fn run() -> Result {
    role("parent");
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the wrapper")? {
        ForkResult::Child => exit_child(wrapper()),
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(pid, 7) => {
                say!("parent: pid {pid} has ended with exit code 7");
                Ok(())
            }
            other => expect_success(other),
        },
    }
}

/// What the shell is given. It has no complaint of its own about lost output:
/// the parent has one.
const ARGV: [&CStr; 3] =
    [c"sh", c"-c", c"echo \"sh: pid $$ is a shell\" 2>/dev/null; exit 7"];

/// The child: begins as this program and ends as another.
fn wrapper() -> Result {
    role("wrapper");
    say!("wrapper: pid {} is a Rust program", getpid());
    execvp(c"sh", &ARGV).context("cannot execute sh, sought in PATH")?;
    say!("wrapper: and back to Rust");
    Ok(())
}
