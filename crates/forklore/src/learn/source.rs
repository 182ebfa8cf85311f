//! The learner's program as it stands on the disk at one moment.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

/// A longer program is none: nobody reads on.
const LONGEST: u64 = (1 << 20) + 1;

/// How a file is known again without reading it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp([u64; 4], [i64; 4]);

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self(
            [file.dev(), file.ino(), file.size(), u64::from(file.mode())],
            [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()],
        )
    }

    /// Of the file of that name; `None` if there is none.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|it| Self::of(&it))
    }
}

/// Reads the beginning of a program: as much of it as a judge would.
///
/// # Errors
/// If it cannot be read, or is no file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn open(path: &Path) -> io::Result<File> {
    // A FIFO of that name keeps nobody waiting.
    let flags = OFlag::O_NONBLOCK.bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no file")),
    }
}
