//! The C library searches PATH: it tries exec in one folder after the other.

use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::execvp;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let name = arguments.first().ok_or("usage: launch NAME [ARG...]")?;
    // SAFETY: the default action is no handler.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    let Err(errno) = execvp(name, &arguments);
    eprintln!("launch: {}: {errno}", name.to_string_lossy());
    let is_missing = errno == Errno::ENOENT;
    Ok(ExitCode::from(if is_missing { 127 } else { 126 }))
}
