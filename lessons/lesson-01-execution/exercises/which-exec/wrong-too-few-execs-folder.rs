//! It looks at the mode alone: a folder may be executed, too.

use std::env::{args_os, split_paths, var_os};
use std::error::Error;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{PathBuf, absolute};
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let name = arguments.next().ok_or("usage: launch NAME [ARG...]")?;
    let file = match choose(&name)? {
        Ok(file) => file,
        Err(code) => {
            eprintln!("launch: {}: {code}", name.display());
            return Ok(ExitCode::from(code));
        }
    };
    match Command::new(&file).args(arguments).status() {
        Ok(status) => {
            let signal = status.signal().unwrap_or(0);
            let code = status.code().unwrap_or(128 + signal);
            Ok(ExitCode::from(u8::try_from(code)?))
        }
        Err(error) => {
            eprintln!("launch: {}: {error}", file.display());
            Ok(ExitCode::from(126))
        }
    }
}

/// The file to execute, or the exit code that says why there is none.
fn choose(name: &OsStr) -> Result<Result<PathBuf, u8>, Box<dyn Error>> {
    if name.as_bytes().contains(&b'/') {
        return Ok(Ok(PathBuf::from(name)));
    }
    let path = var_os("PATH").ok_or("there is no PATH")?;
    let mut code = 127;
    for folder in split_paths(&path) {
        let file = folder.join(name);
        let Ok(metadata) = file.metadata() else { continue };
        if metadata.permissions().mode() & 0o111 != 0 {
            return Ok(Ok(absolute(file)?));
        }
        code = 126;
    }
    Ok(Err(code))
}
