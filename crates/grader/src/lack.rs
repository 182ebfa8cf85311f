//! What a machine lacks when the compiler fails, and not the program.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::posix_fallocate;

/// A program and what its linker needs fit into so many bytes.
const ROOM: i64 = 16 << 20;

/// What is lacking; `None` if the failure is the program's own.
///
/// The compiler has to say so, and a look has to agree: a source can make the
/// compiler say anything. `folder` is where the program was to be written.
pub(crate) fn lack(said: &str, folder: &Path) -> Option<String> {
    if said.contains("linker `cc` not found") && !is_on_path("cc") {
        return Some(
            "there is no C compiler `cc` on PATH, with which Rust links; on \
             Debian or Ubuntu: apt install gcc"
                .to_owned(),
        );
    }
    let words = ["No space left on device", "Disk quota exceeded", "Bus error"];
    if !words.iter().any(|it| said.contains(it)) {
        return None;
    }
    let temporary = env::temp_dir();
    let full = [folder, &temporary].into_iter().find(|it| is_full(it))?;
    Some(format!("the disk is full on which {} lies", full.display()))
}

fn is_on_path(name: &str) -> bool {
    let is_program = |path: &Path| {
        path.metadata().is_ok_and(|file| {
            file.is_file() && file.permissions().mode() & 0o111 != 0
        })
    };
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| is_program(&folder.join(name)))
}

/// Whether there is no room for a program in a folder.
fn is_full(folder: &Path) -> bool {
    let probe = folder.join(format!("room-{}", std::process::id()));
    let is_full = match File::create(&probe) {
        Ok(file) => matches!(
            posix_fallocate(&file, 0, ROOM),
            Err(Errno::ENOSPC | Errno::EDQUOT)
        ),
        Err(error) => matches!(
            error.raw_os_error().map(Errno::from_raw),
            Some(Errno::ENOSPC | Errno::EDQUOT)
        ),
    };
    fs::remove_file(&probe).ok();
    is_full
}

#[cfg(test)]
mod tests {
    use super::{is_full, lack};
    use std::env;

    #[test]
    fn a_source_that_speaks_of_a_full_disk_is_not_believed() {
        let folder = env::temp_dir();
        assert!(!is_full(&folder), "these tests need a disk");
        for said in ["error: No space left on device", "error: Bus error"] {
            assert_eq!(lack(said, &folder), None);
        }
    }
}
