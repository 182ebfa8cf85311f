//! execve takes a list of byte strings. What stands in it reaches the program
//! as it is; only a shell takes lines apart.

use std::env;
use std::ffi::{CStr, CString};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::ExitCode;

use common::{Context, Result, Scratch, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, chdir, execv, execvpe, fork};

use crate::c_path::c_path;

const ARGV: [&CStr; 6] =
    [c"show-argv", c"two words", c"", c"*", c"$HOME", c"\xff"];

pub(crate) fn run() -> Result {
    let program = env::current_exe().context("cannot find this program")?;
    let scratch = Scratch::new()?;
    symlink(&program, scratch.path("show-argv"))
        .context("cannot make a link to this program")?;

    say!("as a list:");
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the list's process")? {
        ForkResult::Child => exit_child(list(&program)),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
        }
    }

    say!("as a line, through a shell:");
    // SAFETY: as above.
    match unsafe { fork() }.context("cannot fork the line's process")? {
        ForkResult::Child => exit_child(line(&scratch.path(""))),
        ForkResult::Parent { child } => expect_success(waitpid(child, None)?),
    }
}

/// A child: the file is this lesson's program, the name is another.
fn list(program: &Path) -> Result {
    role("list");
    let program = c_path(program);
    match execv(&program, &ARGV).context("cannot execute this program")? {}
}

/// A child: the same words, joined by spaces. The folder holds one file, the
/// link `show-argv`, and is all of the shell's PATH.
fn line(folder: &Path) -> Result {
    role("line");
    chdir(folder)?;
    let joined = CString::new(ARGV.map(CStr::to_bytes).join(&b' '))?;
    let argv = [c"sh", c"-c", &joined];
    match execvpe(c"sh", &argv, &[c"PATH=."])
        .context("cannot execute sh, sought in PATH")? {}
}

/// The program that both execute: prints what has reached it.
pub(crate) fn show_argv() -> ExitCode {
    for (number, argument) in env::args_os().enumerate() {
        say!("argv[{number}]: {argument:?}");
    }
    ExitCode::SUCCESS
}
