//! The environment is the third argument of execve: a list of strings that a
//! process hands to the next program, and nobody to its parent.

use std::env;
use std::ffi::CStr;
use std::path::Path;
use std::process::ExitCode;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, execv, execve, fork};

use crate::c_path::c_path;

pub(crate) fn run() -> Result {
    let program = env::current_exe().context("cannot find this program")?;
    // SAFETY: this process has one thread: nobody reads the environment now.
    unsafe { env::set_var("MOOD", "calm") };

    for become_one in [heir, rebel, hermit] {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a child")? {
            ForkResult::Child => exit_child(become_one(&program)),
            ForkResult::Parent { child } => {
                expect_success(waitpid(child, None)?)?;
            }
        }
    }
    say!("parent: MOOD is {:?}", env::var("MOOD")?);
    Ok(())
}

/// A child: execv hands on the environment as it is.
fn heir(program: &Path) -> Result {
    role("heir");
    match execv(&c_path(program), &[c"show-env", c"heir"])
        .context("cannot execute this program")? {}
}

/// A child: changes a variable first. It is this process's copy.
fn rebel(program: &Path) -> Result {
    role("rebel");
    // SAFETY: this process has one thread, too.
    unsafe { env::set_var("MOOD", "wild") };
    match execv(&c_path(program), &[c"show-env", c"rebel"])
        .context("cannot execute this program")? {}
}

/// A child: execve takes the environment as a list; this one is empty.
fn hermit(program: &Path) -> Result {
    role("hermit");
    let nothing: [&CStr; 0] = [];
    match execve(&c_path(program), &[c"show-env", c"hermit"], &nothing)
        .context("cannot execute this program")? {}
}

/// The program that all three execute. Its `argv[1]` says for whom it speaks.
pub(crate) fn show_env() -> ExitCode {
    let who = env::args().nth(1).unwrap_or_default();
    match env::var("MOOD") {
        Ok(mood) => say!("{who}: MOOD is {mood:?}"),
        Err(_) => say!("{who}: no MOOD; {} variables", env::vars_os().count()),
    }
    ExitCode::SUCCESS
}
