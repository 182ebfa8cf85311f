//! fork(2) as the kernel offers it: a number, and another one for the child.

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid, getppid};

pub(crate) fn run() -> Result {
    say!("before: one process, pid {}", getpid());

    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        -1 => Err(Errno::last()).context("cannot fork the child"),
        0 => exit_child(child()),
        pid => parent(Pid::from_raw(pid)),
    }
}

/// Where fork returned 0. No number is needed: the parent's is one call away.
fn child() -> Result {
    role("child");
    say!("child: fork returned 0");
    say!("child: I am pid {}, my parent is pid {}", getpid(), getppid());
    Ok(())
}

/// Where fork returned the child's pid. No other call would tell it: a
/// process may have many children.
fn parent(child: Pid) -> Result {
    role("parent");
    expect_success(waitpid(child, None)?)?;
    say!("parent: fork returned the number of my child, pid {child}");
    say!("parent: I am still pid {}", getpid());
    Ok(())
}
