//! The program itself becomes PROG.

use std::convert::Infallible;
use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::libc::{PRIO_PROCESS, getpriority, setpriority};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::execvp;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let usage = "usage: nicely N PROG [ARG...]";
    let (steps, command) = arguments.split_first().ok_or(usage)?;
    let steps: i32 = steps.to_str()?.parse()?;
    command.first().ok_or(usage)?;
    let error = run(steps, command).unwrap_err();
    Err(format!("{}: {error}", command[0].to_string_lossy()).into())
}

fn run(steps: i32, command: &[CString]) -> nix::Result<Infallible> {
    if let Err(errno) = set_niceness(niceness()?.saturating_add(steps)) {
        println!("refused: {errno:?}");
    }
    println!("niceness {}", niceness()?);
    // SAFETY: the default action is no handler.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    execvp(&command[0], command)
}

/// -1 is a niceness as any other: only errno tells it from a failure.
fn niceness() -> nix::Result<i32> {
    Errno::clear();
    // SAFETY: two numbers go in, no memory is touched.
    let niceness = unsafe { getpriority(PRIO_PROCESS, 0) };
    match Errno::last_raw() {
        0 => Ok(niceness),
        errno => Err(Errno::from_raw(errno)),
    }
}

fn set_niceness(niceness: i32) -> nix::Result<()> {
    // SAFETY: three numbers go in, no memory is touched.
    let result = unsafe { setpriority(PRIO_PROCESS, 0, niceness) };
    Errno::result(result).map(drop)
}
