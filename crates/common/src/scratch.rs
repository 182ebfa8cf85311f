//! A folder for a demo's files that does not outlive the demo.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::unistd::{Pid, getpid, mkdtemp};

use crate::{Context, Result};

/// A private folder under `$TMPDIR` or `/tmp`; dropping it removes it with
/// all it holds.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    maker: Pid,
}

impl Scratch {
    /// Makes the folder, for this user alone (mkdtemp(3)).
    pub fn new() -> Result<Self> {
        let template = env::temp_dir().join("forklore-XXXXXX");
        let folder = mkdtemp(&template).context(format_args!(
            "cannot make a folder in {}",
            env::temp_dir().display()
        ))?;
        let scratch = Self { folder, maker: getpid() };
        // A umask may have taken away the owner's own permissions.
        fs::set_permissions(&scratch.folder, Permissions::from_mode(0o700))?;
        Ok(scratch)
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // fork copied this value into the child too: only its maker removes
        // the folder.
        if getpid() == self.maker {
            fs::remove_dir_all(&self.folder).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;

    #[test]
    fn the_folder_is_gone_with_its_value() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path("msg.txt");
        std::fs::write(&file, "Hi").unwrap();
        drop(scratch);
        assert!(!file.parent().unwrap().exists());
    }
}
