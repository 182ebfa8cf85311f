//! The parent sets the niceness of its child, which waits at a pipe until
//! that is done.

use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::io::{PipeReader, Read, pipe};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::libc::{PRIO_PROCESS, getpriority, id_t, setpriority};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, execvp, fork};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let usage = "usage: nicely N PROG [ARG...]";
    let steps: i32 = arguments.first().ok_or(usage)?.to_str()?.parse()?;
    let command =
        arguments.get(1..).filter(|it| !it.is_empty()).ok_or(usage)?;
    let (gate, opener) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(opener);
            let errno = behind(gate, command);
            eprintln!("nicely: {}: {errno}", command[0].to_string_lossy());
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(127) }
        }
        ForkResult::Parent { child } => {
            drop(gate);
            raise(child, steps);
            // The end of file opens the gate.
            drop(opener);
            match waitpid(child, None)? {
                WaitStatus::Exited(_, code) => {
                    Ok(ExitCode::from(u8::try_from(code)?))
                }
                status => Err(format!("{status:?}").into()),
            }
        }
    }
}

fn behind(mut gate: PipeReader, command: &[CString]) -> Errno {
    gate.read_to_end(&mut Vec::new()).ok();
    // SAFETY: the default action is no handler.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.ok();
    execvp(&command[0], command).unwrap_err()
}

fn raise(child: Pid, steps: i32) {
    let pid = child.as_raw() as id_t;
    // SAFETY: numbers go in, no memory is touched.
    let now = || unsafe { getpriority(PRIO_PROCESS, pid) };
    // SAFETY: numbers go in, no memory is touched.
    let set = unsafe { setpriority(PRIO_PROCESS, pid, now() + steps) };
    if let Err(errno) = Errno::result(set) {
        println!("refused: {errno:?}");
    }
    println!("niceness {}", now());
}
