//! That exec has failed is told by exit code 127, which a program may choose
//! for itself.

use std::env::args_os;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, execvp, fork};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let command: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let program = command.first().ok_or("usage: report CMD [ARG...]")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            // SAFETY: the default action is no handler.
            unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.ok();
            let errno = execvp(program, &command).unwrap_err();
            let is_missing = errno == Errno::ENOENT;
            // SAFETY: ends the child without running the parent's code.
            unsafe { libc::_exit(if is_missing { 127 } else { 126 }) }
        }
        ForkResult::Parent { child } => {
            let status = collect(child.as_raw())?;
            let code = libc::WEXITSTATUS(status);
            Ok(ExitCode::from(match code {
                126 if libc::WIFEXITED(status) => not_started(Errno::EACCES),
                127 if libc::WIFEXITED(status) => not_started(Errno::ENOENT),
                _ => ended(status)?,
            }))
        }
    }
}

fn collect(child: i32) -> nix::Result<i32> {
    let mut status = 0;
    // SAFETY: the status is memory of this function.
    let result = unsafe { libc::waitpid(child, &raw mut status, 0) };
    match Errno::result(result) {
        Err(Errno::EINTR) => collect(child),
        Err(errno) => Err(errno),
        Ok(_) => Ok(status),
    }
}

fn not_started(errno: Errno) -> u8 {
    println!("could not start ({})", errno.desc());
    if errno == Errno::ENOENT { 127 } else { 126 }
}

fn ended(status: i32) -> nix::Result<u8> {
    if libc::WIFEXITED(status) {
        let code = libc::WEXITSTATUS(status);
        println!("exited {code}");
        return Ok(code as u8);
    }
    let signal = Signal::try_from(libc::WTERMSIG(status))?;
    let core = if libc::WCOREDUMP(status) { " (core)" } else { "" };
    println!("killed {signal}{core}");
    Ok(128 + signal as u8)
}
