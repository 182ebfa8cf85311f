//! Which file a command names.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Which file execvp(3) would execute; looked up here, so that its failed
/// attempts are not part of the run.
pub(crate) fn look_up(program: &OsStr) -> io::Result<PathBuf> {
    let error = |kind, what: &str| {
        let program = program.to_string_lossy();
        io::Error::new(kind, format!("cannot run {program}: {what}"))
    };
    let is_executable = |file: &PathBuf| {
        let mode = file.metadata().ok().filter(|it| it.is_file());
        mode.is_some_and(|it| it.permissions().mode() & 0o111 != 0)
    };
    let has_slash = program.as_bytes().contains(&b'/');
    let path = env::var_os("PATH").unwrap_or_default();
    let candidates: Vec<PathBuf> = if has_slash {
        vec![PathBuf::from(program)]
    } else {
        env::split_paths(&path).map(|folder| folder.join(program)).collect()
    };
    if let Some(file) = candidates.iter().find(|file| is_executable(file)) {
        return Ok(file.clone());
    }
    if candidates.iter().any(|file| file.is_dir() && has_slash) {
        return Err(error(io::ErrorKind::PermissionDenied, "it is a folder"));
    }
    if candidates.iter().any(|file| file.is_file()) {
        return Err(error(
            io::ErrorKind::PermissionDenied,
            "it is not executable (chmod +x)",
        ));
    }
    let place =
        if has_slash { "there is no such file" } else { "it is not on PATH" };
    Err(error(io::ErrorKind::NotFound, place))
}
