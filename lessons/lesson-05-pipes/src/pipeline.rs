//! Three programs in a row, as a shell would start them:
//! `yes fork | head -2 | tr a-z A-Z`.

use std::convert::Infallible;
use std::env;
use std::ffi::CString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use common::{Context, Error, Result, exit_child, say};
use nix::fcntl::OFlag;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{
    AccessFlags, ForkResult, Pid, access, dup2_stdin, dup2_stdout, execv, fork,
    pipe2,
};

const STAGES: [&[&str]; 3] =
    [&["yes", "fork"], &["head", "-2"], &["tr", "a-z", "A-Z"]];

pub(crate) fn run() -> Result {
    let programs: Vec<CString> =
        STAGES.iter().map(|stage| on_path(stage[0])).collect::<Result<_>>()?;

    let mut input: Option<OwnedFd> = None;
    let mut children = Vec::new();
    for (program, arguments) in programs.iter().zip(STAGES) {
        // O_CLOEXEC: exec closes these ends, and leaves the copies that dup2
        // makes as descriptors 0 and 1.
        let (read_end, write_end) =
            pipe2(OFlag::O_CLOEXEC).context("cannot make a pipe")?;
        children.push(stage(program, arguments, input, write_end)?);
        input = Some(read_end);
    }

    // Every write end that this process held is gone: it was moved into
    // `stage` and dropped there. So this read can end.
    if let Some(last) = input {
        for line in BufReader::new(File::from(last)).lines() {
            say!("{}", line?);
        }
    }
    for (child, arguments) in children.into_iter().zip(STAGES) {
        match waitpid(child, None)? {
            WaitStatus::Signaled(_, signal, _) => {
                say!("{}: killed by {signal}", arguments[0]);
            }
            WaitStatus::Exited(_, code) => {
                say!("{}: exit code {code}", arguments[0]);
            }
            other => say!("{}: {other:?}", arguments[0]),
        }
    }
    Ok(())
}

/// Forks one stage: it reads from `input` and writes into `output`.
fn stage(
    program: &CString,
    arguments: &[&str],
    input: Option<OwnedFd>,
    output: OwnedFd,
) -> Result<Pid> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork a stage")? {
        ForkResult::Child => exit_child(
            become_program(program, arguments, input, output).map(|_| ()),
        ),
        ForkResult::Parent { child } => Ok(child),
    }
}

fn become_program(
    program: &CString,
    arguments: &[&str],
    input: Option<OwnedFd>,
    output: OwnedFd,
) -> Result<Infallible> {
    if let Some(input) = input {
        dup2_stdin(input)?;
    }
    dup2_stdout(output)?;
    // Rust ignores SIGPIPE, and exec would pass that on: `yes` would be told
    // of the missing reader by an error, and complain.
    // SAFETY: the default action is no handler that could run.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    let arguments: Vec<CString> = arguments
        .iter()
        .map(|argument| CString::new(*argument))
        .collect::<std::result::Result<_, _>>()?;
    execv(program, &arguments)
        .context(format_args!("cannot execute {}", program.to_string_lossy()))
}

/// Looked up before anything is forked: one missing program, one error line.
fn on_path(name: &str) -> Result<CString> {
    // Without PATH, exec(3) has a default too.
    let path = env::var_os("PATH").unwrap_or("/bin:/usr/bin".into());
    let may_run = |file: &PathBuf| access(file, AccessFlags::X_OK).is_ok();
    let found = env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file() && may_run(file))
        .ok_or_else(|| Error::new(format!("there is no {name} on PATH")))?;
    Ok(CString::new(found.into_os_string().into_encoded_bytes())?)
}
