//! Reads the folders of PATH, and starts the file with posix_spawn.

use std::env::{args_os, var_os};
use std::error::Error;
use std::ffi::CString;
use std::fs::canonicalize;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::ptr;

use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

unsafe extern "C" {
    static environ: *const *mut libc::c_char;
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let name = args_os().nth(1).ok_or("usage: launch NAME [ARG...]")?;
    let name = Path::new(&name);
    let found = match name.as_os_str().as_bytes().contains(&b'/') {
        true => vec![name.to_path_buf()],
        false => candidates(name),
    };
    let chosen = found.iter().find(|file| is_program(file));
    let Some(file) = chosen else {
        eprintln!("launch: {}: none of {found:?}", name.display());
        return Ok(ExitCode::from(if found.is_empty() { 127 } else { 126 }));
    };
    let file = CString::new(canonicalize(file)?.into_os_string().into_vec())?;
    match spawn(&file, &arguments) {
        Ok(child) => match waitpid(child, None)? {
            WaitStatus::Exited(_, code) => {
                Ok(ExitCode::from(u8::try_from(code)?))
            }
            WaitStatus::Signaled(_, signal, _) => {
                Ok(ExitCode::from(u8::try_from(128 + signal as i32)?))
            }
            other => Err(format!("it has not ended: {other:?}").into()),
        },
        Err(error) => {
            eprintln!("launch: {}: {error}", file.to_string_lossy());
            Ok(ExitCode::from(126))
        }
    }
}

/// All that has this name, in the order of PATH.
fn candidates(name: &Path) -> Vec<PathBuf> {
    let path = var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).map(|folder| {
        let is_empty = folder.as_os_str().is_empty();
        if is_empty { PathBuf::from(".") } else { folder }
    });
    folders.map(|it| it.join(name)).filter(|it| it.exists()).collect()
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|it| it.is_file() && it.mode() & 0o111 != 0)
}

fn spawn(file: &CString, arguments: &[CString]) -> std::io::Result<Pid> {
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
        libc::posix_spawn(
            &raw mut pid,
            file.as_ptr(),
            ptr::null(),
            &raw const attributes,
            pointers.as_ptr(),
            environ,
        )
    };
    match error {
        0 => Ok(Pid::from_raw(pid)),
        error => Err(std::io::Error::from_raw_os_error(error)),
    }
}
