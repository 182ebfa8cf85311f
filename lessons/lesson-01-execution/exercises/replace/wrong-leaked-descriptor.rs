//! The first descriptor of the file stays open in PROG.

use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::io::{Write, stdout};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;

use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::Mode;
use nix::unistd::execvp;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let [name, program, ..] = arguments.as_slice() else {
        return Err("usage: logto FILE PROG [ARG...]".into());
    };
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC;
    let mode = Mode::from_bits_truncate(0o644);
    let file = open(name.as_c_str(), flags, mode)?;
    print!("logging to {}\n", name.to_string_lossy());
    stdout().flush()?;
    for stream in [1, 2] {
        // SAFETY: the call takes two numbers.
        if unsafe { libc::dup2(file.as_raw_fd(), stream) } < 0 {
            return Err(std::io::Error::last_os_error().into());
        }
    }
    // SAFETY: the default action is no handler.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    match execvp(program, &arguments[1..])? {}
}
