//! /proc/PID/stat when the process names itself `) R 1 (`; and when it
//! vanishes under the reader's hands.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::OwnedFd;

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe, read};

use crate::proc_stat::wait_for_letter;

pub(crate) fn run() -> Result {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the impostor")? {
        ForkResult::Child => {
            drop(write_end);
            exit_child(impostor(read_end))
        }
        ForkResult::Parent { child } => {
            drop(read_end);
            observer(child, write_end)
        }
    }
}

/// The child: blocked, and named to look as if it ran.
fn impostor(read_end: OwnedFd) -> Result {
    role(") R 1 (");
    read(&read_end, &mut [0])?;
    Ok(())
}

fn observer(impostor: Pid, write_end: OwnedFd) -> Result {
    role("observer");
    wait_for_letter(impostor, 'S')?;
    let path = format!("/proc/{impostor}/stat");
    let line = fs::read_to_string(&path)?;
    let beginning: Vec<&str> = line.split(' ').take(6).collect();
    say!("the line begins: pid {}", beginning.join(" "));

    let (state, parent) = split_at_spaces(&line)?;
    say!("split at spaces: state {state}, parent pid {parent}");
    let (state, parent) = split_behind_the_name(&line)?;
    say!("split behind the last ): state {state}, parent pid {parent}");

    let mut opened = File::open(&path)?; // while the process is alive
    drop(write_end);
    expect_success(waitpid(impostor, None)?)?;
    say!("vanished, opened before: {}", errno(opened.read(&mut [0])));
    say!("vanished, opened now: {}", errno(File::open(&path)));
    Ok(())
}

/// The naive way: field 3 and field 4, if the name has no space.
fn split_at_spaces(line: &str) -> Result<(&str, &str)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    match fields[..] {
        [_pid, _name, state, parent, ..] => Ok((state, parent)),
        _ => Err(Error::new("the line is too short")),
    }
}

/// Nothing behind the name holds a parenthesis, so the last one ends it.
fn split_behind_the_name(line: &str) -> Result<(&str, &str)> {
    let behind = line.rsplit_once(')').map_or("", |(_, behind)| behind);
    let fields: Vec<&str> = behind.split_whitespace().collect();
    match fields[..] {
        [state, parent, ..] => Ok((state, parent)),
        _ => Err(Error::new("the line is too short")),
    }
}

fn errno<T>(outcome: io::Result<T>) -> String {
    match outcome {
        Ok(_) => "no error".to_owned(),
        Err(error) => match error.raw_os_error() {
            Some(number) => Errno::from_raw(number).to_string(),
            None => error.to_string(),
        },
    }
}
