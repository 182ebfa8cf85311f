//! Each child is waited for before the next one is forked.

use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::io::{PipeReader, PipeWriter, pipe};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, dup2_stdin, dup2_stdout, execvp, fork};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let stages: Vec<&[CString]> =
        arguments.split(|it| it.as_bytes() == b"|").collect();
    if stages.iter().any(|stage| stage.is_empty()) {
        return Err("usage: pl A ... '|' B ... '|' C ...".into());
    }
    let mut children = Vec::new();
    let started = start(&stages, &mut children);
    // Who runs already is waited for, whatever has failed.
    let mut code = 0;
    for status in children {
        match status {
            WaitStatus::Exited(_, 0) => {}
            WaitStatus::Exited(_, it) => code = it,
            WaitStatus::Signaled(_, signal, _) => code = 128 + signal as i32,
            other => return Err(format!("it has not ended: {other:?}").into()),
        }
    }
    started?;
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn start(
    stages: &[&[CString]],
    children: &mut Vec<WaitStatus>,
) -> Result<(), Box<dyn Error>> {
    let mut input = None;
    for (number, stage) in stages.iter().enumerate() {
        let (next, output) = match number + 1 < stages.len() {
            true => pipe().map(|(read, write)| (Some(read), Some(write)))?,
            false => (None, None),
        };
        // SAFETY: this process has one thread.
        match unsafe { fork() }? {
            ForkResult::Child => {
                let error = become_program(stage, input, output).unwrap_err();
                eprintln!("pl: {}: {error}", stage[0].to_string_lossy());
                // SAFETY: ends the child without running the parent's code.
                unsafe { nix::libc::_exit(127) }
            }
            ForkResult::Parent { child } => {
                children.push(waitpid(child, None)?);
            }
        }
        input = next;
    }
    Ok(())
}

fn become_program(
    stage: &[CString],
    input: Option<PipeReader>,
    output: Option<PipeWriter>,
) -> nix::Result<std::convert::Infallible> {
    if let Some(input) = input {
        dup2_stdin(input)?;
    }
    if let Some(output) = output {
        dup2_stdout(output)?;
    }
    // SAFETY: the default action is no handler.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    execvp(&stage[0], stage)
}
