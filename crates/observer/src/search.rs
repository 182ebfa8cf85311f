//! Which file a command names.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

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
    let (kind, place) = why_not_found(&candidates, has_slash);
    Err(error(kind, &place))
}

/// Where nobody is found who could be executed.
fn why_not_found(
    candidates: &[PathBuf],
    has_slash: bool,
) -> (io::ErrorKind, String) {
    let closed = candidates.iter().find(|file| is_behind_closed_folder(file));
    match (closed, has_slash) {
        (Some(_), true) => (
            io::ErrorKind::PermissionDenied,
            "a folder of its path may not be searched by this user".to_owned(),
        ),
        (Some(file), false) => {
            let folder = file.parent().unwrap_or(file).display();
            let place = format!(
                "it is not on PATH, of which this user may not search {folder}"
            );
            (io::ErrorKind::NotFound, place)
        }
        (None, true) => {
            (io::ErrorKind::NotFound, "there is no such file".to_owned())
        }
        (None, false) => {
            (io::ErrorKind::NotFound, "it is not on PATH".to_owned())
        }
    }
}

/// Whether nobody tells if the file is there.
fn is_behind_closed_folder(file: &Path) -> bool {
    let error = file.metadata().err();
    error.is_some_and(|it| it.kind() == io::ErrorKind::PermissionDenied)
}
