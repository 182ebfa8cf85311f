//! What a notebook's `!rm {name}` does: the name of a file becomes a part of
//! a line, and a shell takes the line apart.

use std::ffi::CString;
use std::fs;
use std::path::Path;

use common::{Context, Result, Scratch, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, chdir, execvp, fork};

pub(crate) fn run() -> Result {
    role("parent");
    let scratch = Scratch::new()?;
    let folder = scratch.path("");
    for name in ["my", "my notes.txt", "notes.txt"] {
        fs::write(scratch.path(name), "")
            .context(format_args!("cannot write '{name}'"))?;
    }
    say!("before: {:?}", names(&folder)?);

    let name = "my notes.txt";
    say!("remove this one file: {name:?}");

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the remover")? {
        ForkResult::Child => exit_child(remover(&folder, name)),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
        }
    }
    say!("after: {:?}", names(&folder)?);
    Ok(())
}

/// The child: a shell, which executes rm with what it makes of the line.
fn remover(folder: &Path, name: &str) -> Result {
    role("remover");
    chdir(folder)?;
    let line = CString::new(format!("rm {name}"))?;
    let argv = [c"sh", c"-c", &line];
    match execvp(c"sh", &argv).context("cannot execute sh, sought in PATH")? {}
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
