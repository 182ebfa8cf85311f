//! posix_spawnp, then waitpid.

use std::env::args_os;
use std::ffi::CString;
use std::io::Error;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::ptr;

use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

unsafe extern "C" {
    static environ: *const *mut libc::c_char;
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let child = spawn(&arguments)?;
    match waitpid(child, None)? {
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

fn spawn(arguments: &[CString]) -> Result<Pid, Box<dyn std::error::Error>> {
    let program = arguments.first().ok_or("usage: run PROG [ARG...]")?;
    let mut pointers: Vec<*mut libc::c_char> =
        arguments.iter().map(|it| it.as_ptr().cast_mut()).collect();
    pointers.push(ptr::null_mut());
    let mut pid = 0;
    // SAFETY: all zeros is what posix_spawnattr_init starts from; every
    // pointer lives over the calls.
    let error = unsafe {
        let mut attributes = std::mem::zeroed();
        libc::posix_spawnattr_init(&raw mut attributes);
        let mut defaults = std::mem::zeroed();
        libc::sigemptyset(&raw mut defaults);
        libc::sigaddset(&raw mut defaults, Signal::SIGPIPE as i32);
        libc::posix_spawnattr_setsigdefault(
            &raw mut attributes,
            &raw const defaults,
        );
        let flags = libc::POSIX_SPAWN_SETSIGDEF as libc::c_short;
        libc::posix_spawnattr_setflags(&raw mut attributes, flags);
        libc::posix_spawnp(
            &raw mut pid,
            program.as_ptr(),
            ptr::null(),
            &raw const attributes,
            pointers.as_ptr(),
            environ,
        )
    };
    match error {
        0 => Ok(Pid::from_raw(pid)),
        error => Err(Error::from_raw_os_error(error).into()),
    }
}
