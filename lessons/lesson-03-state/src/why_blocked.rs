//! A hung reader, explained from outside: which call, which descriptor, which
//! pipe, and who could still write into it.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::{Context, Error, Result, exit_child, role, say};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, dup2_stdin, fork, pipe, read};

use crate::proc_stat::{letter, wait_for_letter};

pub(crate) fn run() -> Result {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the reader")? {
        // The bug to be found: the child drops no write end.
        ForkResult::Child => exit_child(reader(read_end, write_end)),
        ForkResult::Parent { child } => {
            drop(read_end);
            drop(write_end);
            observer(child)
        }
    }
}

fn reader(read_end: OwnedFd, _write_end: OwnedFd) -> Result {
    role("reader");
    dup2_stdin(&read_end)?;
    drop(read_end);
    say!("reader: reads descriptor 0 to the end");
    read(io::stdin(), &mut [0])?;
    Ok(())
}

fn observer(reader: Pid) -> Result {
    role("observer");
    wait_for_letter(reader, 'S')?;
    say!("observer: pid {reader} is {}", letter(reader)?);
    let descriptor = read_descriptor(reader)?;
    say!("observer: it is in read, on descriptor {descriptor}");

    let path = PathBuf::from(format!("/proc/{reader}/fd/{descriptor}"));
    let target = fs::read_link(path).context("cannot see its descriptors")?;
    let kind = target.to_string_lossy();
    let kind = kind.split(':').next().unwrap_or_default();
    say!("observer: descriptor {descriptor} is a {kind}");
    for holder in holders_of_a_write_end(&target)? {
        say!("observer: a write end is held by pid {holder}");
    }
    say!("observer: by nobody else, so this read would wait for ever");

    kill(reader, Signal::SIGKILL)?;
    waitpid(reader, None)?;
    Ok(())
}

/// `/proc/PID/syscall` of a blocked process: the number of the call, then its
/// arguments in hexadecimal. For read(2) the first is the descriptor.
fn read_descriptor(pid: Pid) -> Result<u32> {
    let path = format!("/proc/{pid}/syscall");
    let Ok(text) = fs::read_to_string(&path) else {
        // A kernel may refuse (Yama's ptrace_scope 2 and 3, for one). Then
        // the reader's own line above must do.
        return Ok(0);
    };
    let mut words = text.split_whitespace();
    let number: Option<libc::c_long> =
        words.next().and_then(|n| n.parse().ok());
    let descriptor = words
        .next()
        .and_then(|argument| argument.strip_prefix("0x"))
        .and_then(|argument| u32::from_str_radix(argument, 16).ok());
    match (number, descriptor) {
        (Some(libc::SYS_read), Some(descriptor)) => Ok(descriptor),
        _ => Err(Error::new(format!("{path} does not say read: {text}"))),
    }
}

/// Asks all processes. Those of other users do not answer.
fn holders_of_a_write_end(pipe: &Path) -> Result<Vec<u32>> {
    let holders = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| writes_into(pipe, *pid).unwrap_or(false));
    Ok(holders.collect())
}

fn writes_into(pipe: &Path, pid: u32) -> io::Result<bool> {
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let link = entry?.path();
        // The owner's bits of the link tell how the descriptor was opened.
        let mode = fs::symlink_metadata(&link)?.permissions().mode();
        if mode & 0o200 != 0 && fs::read_link(&link)? == pipe {
            return Ok(true);
        }
    }
    Ok(false)
}
