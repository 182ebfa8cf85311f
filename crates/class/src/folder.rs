//! A stranger's folder: a name in it is looked up, and never followed out.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};

/// A folder that is open: it stays the same one, whatever becomes of its
/// name.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
}

/// What a name in a folder turned out to be.
#[derive(Debug)]
pub(crate) enum Found<T> {
    /// What was looked for.
    It(T),
    /// Nothing.
    Nothing,
    /// Something that is not taken, and why.
    Other(String),
    /// Something that nobody can tell: it could not be looked at, and why.
    Unread(String),
}

impl<T> Found<T> {
    /// With where it was found before what is said of it.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Other(why) => Self::Other(format!("{place} {why}")),
            Self::Unread(why) => Self::Unread(format!("{place} {why}")),
            found => found,
        }
    }
}

/// Looks at what a name is, and opens nothing: to open a device or a FIFO can
/// be an act of its own.
const LOOK: OFlag =
    OFlag::O_PATH.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

impl Folder {
    /// The folder of that path, which one's own side has named.
    ///
    /// # Errors
    /// If there is none, or it may not be opened.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = openat(AT_FDCWD, path, flags, Mode::empty())?;
        Ok(Self { fd })
    }

    /// The names in it, sorted, and how many are left out beyond `most`.
    ///
    /// # Errors
    /// If it may not be read.
    pub(crate) fn names(
        &self,
        most: usize,
    ) -> io::Result<(Vec<OsString>, usize)> {
        let mut names = Vec::new();
        let mut more = 0;
        for entry in fs::read_dir(self.path())? {
            match names.len() < most {
                true => names.push(entry?.file_name()),
                false => more += 1,
            }
        }
        names.sort();
        Ok((names, more))
    }

    /// The folder of that name in it.
    pub(crate) fn folder(&self, name: &OsStr) -> Found<Self> {
        match self.look(name) {
            Ok(Some((fd, SFlag::S_IFDIR, _))) => Found::It(Self { fd }),
            Ok(Some((_, kind, _))) => Found::Other(is_a(kind)),
            Ok(None) => Found::Nothing,
            Err(error) => Found::Unread(format!("cannot be opened: {error}")),
        }
    }

    /// The bytes of the regular file of that name in it.
    pub(crate) fn bytes(&self, name: &OsStr, most: u64) -> Found<Vec<u8>> {
        let (fd, status) = match self.look(name) {
            Ok(Some((fd, SFlag::S_IFREG, status))) => (fd, status),
            Ok(Some((_, kind, _))) => return Found::Other(is_a(kind)),
            Ok(None) => return Found::Nothing,
            Err(error) => {
                return Found::Unread(format!("cannot be opened: {error}"));
            }
        };
        let length = u64::try_from(status.st_size).unwrap_or(u64::MAX);
        if length > most {
            return Found::Other(format!(
                "has {length} bytes; at most {most} are taken"
            ));
        }
        let mut bytes = Vec::new();
        let read = File::open(in_proc(&fd))
            .and_then(|file| file.take(most).read_to_end(&mut bytes));
        match read {
            Ok(_) => Found::It(bytes),
            Err(error) => Found::Unread(format!("cannot be read: {error}")),
        }
    }

    fn look(
        &self,
        name: &OsStr,
    ) -> nix::Result<Option<(OwnedFd, SFlag, FileStat)>> {
        let fd = match openat(&self.fd, name, LOOK, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let status = fstat(&fd)?;
        let kind = SFlag::from_bits_truncate(status.st_mode & SFLAGS);
        Ok(Some((fd, kind, status)))
    }

    fn path(&self) -> PathBuf {
        in_proc(&self.fd)
    }
}

const SFLAGS: u32 = SFlag::S_IFMT.bits();

/// The way to open what a descriptor refers to, whatever its name is now.
fn in_proc(fd: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()))
}

fn is_a(kind: SFlag) -> String {
    let what = match kind {
        SFlag::S_IFLNK => "a symbolic link",
        SFlag::S_IFIFO => "a FIFO",
        SFlag::S_IFSOCK => "a socket",
        SFlag::S_IFCHR | SFlag::S_IFBLK => "a device",
        SFlag::S_IFDIR => "a folder",
        SFlag::S_IFREG => "a file",
        _ => "of a kind that nobody knows",
    };
    format!("is {what}")
}
