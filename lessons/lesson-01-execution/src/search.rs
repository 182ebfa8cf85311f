//! The kernel takes a path. Whoever has only a name tries the folders of PATH,
//! one after the other: a loop in the program, not a system call.

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{Context, Result, Scratch, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, chdir, execv, execvp, fork};

pub(crate) fn run() -> Result {
    let scratch = Scratch::new()?;
    for name in ["first", "second", "third"] {
        fs::create_dir(scratch.path(name))
            .context(format_args!("cannot make the folder '{name}'"))?;
    }
    place(&scratch, "second/hello", 0o644)?;
    place(&scratch, "third/hello", 0o755)?;

    let folder = scratch.path("");
    for path in ["first:second:third", "first:second", "first"] {
        say!("PATH={path}");
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork the launcher")? {
            ForkResult::Child => exit_child(launcher(&folder, path)),
            ForkResult::Parent { child } => {
                say!("exit code {}", exit_code(child)?);
            }
        }
    }
    for file in ["third/hello", "second/hello", "first/hello"] {
        // SAFETY: as above.
        match unsafe { fork() }.context("cannot fork the shell")? {
            ForkResult::Child => exit_child(shell(&folder, file)),
            ForkResult::Parent { child } => {
                say!("sh -c {file}: exit code {}", exit_code(child)?);
            }
        }
    }
    Ok(())
}

/// A script that says its name. Lost output is the launcher's to report.
fn place(scratch: &Scratch, name: &str, mode: u32) -> Result {
    let file = scratch.path(name);
    fs::write(&file, format!("#!/bin/sh\necho '{name} runs'\n"))
        .and_then(|()| fs::set_permissions(file, Permissions::from_mode(mode)))
        .context(format_args!("cannot write {name}"))
}

/// A child: the search, step by step, as exec(3) and every shell do it.
fn launcher(folder: &Path, path: &str) -> Result {
    role("launcher");
    chdir(folder)?;
    let mut code = 127; // not found
    for folder in path.split(':') {
        let file = CString::new(format!("{folder}/hello"))?;
        // This returns only if it failed: the pattern needs no Ok.
        let Err(errno) = execv(&file, &[c"hello"]);
        say!("launcher: {folder}/hello: {errno:?}");
        if errno == Errno::EACCES {
            code = 126; // found, but not executable
        }
    }
    // SAFETY: _exit(2) ends the process here; nothing of it runs on.
    unsafe { libc::_exit(code) }
}

/// A child: a shell gives the same codes. Its complaint goes to /dev/null.
fn shell(folder: &Path, file: &str) -> Result {
    role("shell");
    chdir(folder)?;
    let line = CString::new(format!("exec {file} 2>/dev/null"))?;
    let argv = [c"sh", c"-c", &line];
    match execvp(c"sh", &argv).context("cannot execute sh, sought in PATH")? {}
}

fn exit_code(child: Pid) -> Result<i32> {
    match waitpid(child, None)? {
        WaitStatus::Exited(_, code @ (126 | 127)) => Ok(code),
        other => expect_success(other).map(|()| 0),
    }
}
