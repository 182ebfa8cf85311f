//! fork, execvp, waitpid, by hand. The child gives back what Rust's runtime
//! has taken: the action of SIGPIPE.

use std::env::args_os;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, execvp, fork};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let program = arguments.first().ok_or("usage: run PROG [ARG...]")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            // SAFETY: the default action is no handler.
            unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.ok();
            let error = execvp(program, &arguments).unwrap_err();
            eprintln!("cannot run {}: {error}", program.to_string_lossy());
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(127) }
        }
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, 127) => Ok(ExitCode::from(127)),
            WaitStatus::Exited(_, code) => {
                println!("exit {code}");
                Ok(ExitCode::from(u8::try_from(code)?))
            }
            WaitStatus::Signaled(_, signal, _) => {
                println!("signal {signal}");
                Ok(ExitCode::from(u8::try_from(128 + signal as i32)?))
            }
            other => Err(format!("it has not ended: {other:?}").into()),
        },
    }
}
