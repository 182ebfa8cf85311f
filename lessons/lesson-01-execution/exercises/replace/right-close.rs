//! The lowest free descriptor is the next to be given: close 1, then open.

use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::libc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let name = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    let program = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    println!("logging to {}", name.display());
    let name = CString::new(name.into_vec())?;
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC;
    // SAFETY: the name lives over the call.
    let out = unsafe {
        libc::close(1);
        libc::open(name.as_ptr(), flags, 0o644)
    };
    if out != 1 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: the calls take numbers. 2 is closed by the same call that makes
    // it a copy, so that an error can still be told.
    if unsafe { libc::dup2(1, 2) } != 2 {
        return Err(io::Error::last_os_error().into());
    }
    Err(Command::new(program).args(arguments).exec().into())
}
