//! fork copies the descriptor and shares what it refers to: the open file
//! description, with its one offset.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, Write};
use std::path::Path;

use common::{Context, Result, Scratch, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

#[derive(Clone, Copy)]
enum Opened {
    Once,
    Twice,
    TwiceToAppend,
}

pub(crate) fn run() -> Result {
    let scratch = Scratch::new()?;
    say!("opened once, before fork");
    two_writers(&scratch.path("once"), Opened::Once)?;
    say!("opened by each process");
    two_writers(&scratch.path("twice"), Opened::Twice)?;
    say!("opened by each process, with O_APPEND");
    two_writers(&scratch.path("append"), Opened::TwiceToAppend)
}

fn two_writers(path: &Path, opened: Opened) -> Result {
    let file = open(path, opened)?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the writer")? {
        ForkResult::Child => exit_child(writer(file, path, opened)),
        ForkResult::Parent { child } => parent(file, path, child),
    }
}

/// The child: writes eight bytes, through its copy of the parent's descriptor
/// or through a description of its own.
fn writer(inherited: File, path: &Path, opened: Opened) -> Result {
    role("writer");
    let mut file = match opened {
        Opened::Once => inherited,
        Opened::Twice | Opened::TwiceToAppend => open(path, opened)?,
    };
    file.write_all(b"childish").context("cannot write the file")
}

/// The parent: four bytes, when the child is gone.
fn parent(mut file: File, path: &Path, child: Pid) -> Result {
    role("parent");
    expect_success(waitpid(child, None)?)?;
    say!("parent: my offset is {} before I write", file.stream_position()?);
    file.write_all(b"PAPA").context("cannot write the file")?;
    say!("parent: the file holds {}", fs::read_to_string(path)?);
    Ok(())
}

fn open(path: &Path, opened: Opened) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .write(true)
        .append(matches!(opened, Opened::TwiceToAppend))
        .truncate(false)
        .open(path)
        .context(format_args!("cannot open {}", path.display()))
}
