//! It becomes the program, and SIGPIPE stays ignored.

use std::env::{args_os, current_dir, var_os};
use std::error::Error;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::ExitCode;

use nix::unistd::{AccessFlags, access, execv};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let name = arguments.first().ok_or("usage: launch NAME [ARG...]")?;
    let mut found = false;
    let mut chosen = None;
    if name.as_bytes().contains(&b'/') {
        chosen = Some(name.clone());
    } else {
        let path = var_os("PATH").unwrap_or_default();
        for folder in path.as_bytes().split(|byte| *byte == b':') {
            let folder = OsString::from_vec(folder.to_vec());
            let file = current_dir()?.join(folder);
            let file = file.join(OsString::from_vec(name.to_bytes().to_vec()));
            found |= file.exists();
            if may_execute(&file) {
                chosen = Some(CString::new(file.as_os_str().as_bytes())?);
                break;
            }
        }
    }
    let Some(file) = chosen else {
        eprintln!("launch: no program {}", name.to_string_lossy());
        return Ok(ExitCode::from(if found { 126 } else { 127 }));
    };
    let Err(errno) = execv(&file, &arguments);
    eprintln!("launch: {}: {errno}", file.to_string_lossy());
    Ok(ExitCode::from(126))
}

fn may_execute(file: &Path) -> bool {
    file.is_file() && access(file, AccessFlags::X_OK).is_ok()
}
