//! Behind an exec that failed, the child runs on as its parent.

use std::env::args_os;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{ForkResult, execvp, fork};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let program = arguments.first().ok_or("usage: run PROG [ARG...]")?;
    // SAFETY: this process has one thread.
    if let ForkResult::Child = unsafe { fork() }? {
        // SAFETY: the default action is no handler.
        unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.ok();
        if let Err(error) = execvp(program, &arguments) {
            eprintln!("cannot run it: {error}");
        }
    }
    match wait()? {
        WaitStatus::Exited(_, code) => {
            println!("exit {code}");
            Ok(ExitCode::from(u8::try_from(code)?))
        }
        WaitStatus::Signaled(_, signal, _) => {
            println!("signal {signal}");
            Ok(ExitCode::from(u8::try_from(128 + signal as i32)?))
        }
        other => Err(format!("it has not ended: {other:?}").into()),
    }
}
