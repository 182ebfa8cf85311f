//! posix_spawnp says by itself why it could not start; waitid says in words
//! how it ended: exited, killed, dumped.

use std::env::args_os;
use std::ffi::CString;
use std::io::Error;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::{mem, ptr};

use nix::libc;
use nix::sys::signal::Signal;

unsafe extern "C" {
    static environ: *const *mut libc::c_char;
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let command: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let child = match spawn(&command) {
        Ok(child) => child,
        Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => {
            return Err(error.into());
        }
        Err(error) => {
            println!("could not start ({error})");
            let is_missing = error.raw_os_error() == Some(libc::ENOENT);
            return Ok(ExitCode::from(if is_missing { 127 } else { 126 }));
        }
    };
    let (code, value) = ending(child)?;
    if code == libc::CLD_EXITED {
        println!("exited {value}");
        return Ok(ExitCode::from(value as u8));
    }
    let core = if code == libc::CLD_DUMPED { " (core)" } else { "" };
    println!("killed {}{core}", Signal::try_from(value)?);
    Ok(ExitCode::from(128 + value as u8))
}

fn spawn(command: &[CString]) -> Result<libc::id_t, Error> {
    let mut pointers: Vec<*mut libc::c_char> =
        command.iter().map(|it| it.as_ptr().cast_mut()).collect();
    pointers.push(ptr::null_mut());
    let mut pid = 0;
    // SAFETY: all zeros is what the init calls start from; every pointer
    // lives over the calls.
    let error = unsafe {
        let mut attributes = mem::zeroed();
        libc::posix_spawnattr_init(&raw mut attributes);
        let mut defaults = mem::zeroed();
        libc::sigemptyset(&raw mut defaults);
        libc::sigaddset(&raw mut defaults, libc::SIGPIPE);
        libc::posix_spawnattr_setsigdefault(&raw mut attributes, &defaults);
        let flags = libc::POSIX_SPAWN_SETSIGDEF as libc::c_short;
        libc::posix_spawnattr_setflags(&raw mut attributes, flags);
        libc::posix_spawnp(
            &raw mut pid,
            pointers[0],
            ptr::null(),
            &raw const attributes,
            pointers.as_ptr(),
            environ,
        )
    };
    match error {
        0 => Ok(pid as libc::id_t),
        error => Err(Error::from_raw_os_error(error)),
    }
}

/// How it ended, and with which code or by which signal.
fn ending(child: libc::id_t) -> Result<(i32, i32), Error> {
    // SAFETY: all zeros is a siginfo_t; the kernel fills it.
    unsafe {
        let mut info: libc::siginfo_t = mem::zeroed();
        let flags = libc::WEXITED;
        while libc::waitid(libc::P_PID, child, &raw mut info, flags) != 0 {
            let error = Error::last_os_error();
            if error.raw_os_error() != Some(libc::EINTR) {
                return Err(error);
            }
        }
        Ok((info.si_code, info.si_status()))
    }
}
