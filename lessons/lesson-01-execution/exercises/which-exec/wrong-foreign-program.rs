//! It asks a shell which program is meant.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
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
    let output = Command::new("/bin/sh")
        .args(["-c", "command -v -- \"$1\"", "sh"])
        .arg(name)
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    match said.trim_end() {
        "" => Ok(Err(127)),
        file => Ok(Ok(absolute(file)?)),
    }
}
