//! landlock(7): which files a process may reach, whom it may signal.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use libc::{c_int, c_long};
use nix::errno::Errno;

// <linux/landlock.h>
const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REFER: u64 = 1 << 13; // from version 2 on
const TRUNCATE: u64 = 1 << 14; // 3
/// All of version 1.
const FIRST: u64 = (1 << 13) - 1;
/// What a rule on a file, and no folder, may have.
const OF_FILE: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;
/// bind(2) and connect(2) of TCP, from version 4 on.
const TCP: u64 = 3;
/// Abstract sockets and signals, from version 6 on.
const SCOPES: u64 = 3;
const VERSION: u32 = 1;
const PATH_BENEATH: c_int = 1;

#[repr(C)]
#[derive(Default)]
struct Attributes {
    files: u64,
    net: u64,
    scopes: u64,
}

#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: c_int,
}

/// Rules that are not in force yet.
#[derive(Debug)]
pub(crate) struct Ruleset {
    rules: OwnedFd,
    handled: u64,
}

/// The version of Landlock that this kernel has.
///
/// # Errors
/// `ENOSYS` if it was built without, `EOPNOTSUPP` if it was booted without.
pub(crate) fn abi() -> Result<u32, Errno> {
    // SAFETY: with this flag no attributes are read.
    let version = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, 0, 0, VERSION)
    };
    Errno::result(version).map(|version| version as u32)
}

/// Why there is no Landlock here; `None` if there is.
pub fn lacks_landlock() -> Option<String> {
    let errno = abi().err()?;
    Some(match errno {
        Errno::ENOSYS => "this kernel was built without Landlock".to_owned(),
        Errno::EOPNOTSUPP => {
            "Landlock is not among the security modules that this kernel was \
             booted with"
                .to_owned()
        }
        errno => format!("landlock_create_ruleset(2): {}", errno.desc()),
    })
}

impl Ruleset {
    /// Rules that allow nothing.
    pub(crate) fn new() -> io::Result<Self> {
        let version = abi()?;
        let since =
            |from: u32, bits: u64| if version >= from { bits } else { 0 };
        let handled = FIRST | since(2, REFER) | since(3, TRUNCATE);
        let attributes = Attributes {
            files: handled,
            net: since(4, TCP),
            scopes: since(6, SCOPES),
        };
        // SAFETY: the structure lives over the call, which copies it; an
        // older kernel accepts fields that it does not know if they are zero.
        let rules = unsafe {
            libc::syscall(
                libc::SYS_landlock_create_ruleset,
                &raw const attributes,
                size_of::<Attributes>(),
                0,
            )
        };
        let rules = Errno::result(rules)?;
        // SAFETY: the kernel has just made it, close-on-exec, for us.
        let rules = unsafe { OwnedFd::from_raw_fd(rules as c_int) };
        Ok(Self { rules, handled })
    }

    /// Whatever lies below may be read and executed. What is not there needs
    /// no rule.
    pub(crate) fn allow_reading(&self, path: &Path) -> io::Result<()> {
        self.allow(path, EXECUTE | READ_FILE | READ_DIR)
    }

    /// Whatever lies below may be changed as well.
    pub(crate) fn allow_all(&self, path: &Path) -> io::Result<()> {
        self.allow(path, u64::MAX)
    }

    fn allow(&self, path: &Path, rights: u64) -> io::Result<()> {
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
            .open(path);
        let file = match opened {
            Err(error) if is_nowhere(&error) => return Ok(()),
            opened => opened?,
        };
        self.allow_file(&file, rights)
    }

    /// What is opened here, and below it, may be changed.
    pub(crate) fn allow_opened(&self, file: OwnedFd) -> io::Result<()> {
        self.allow_file(&File::from(file), u64::MAX)
    }

    fn allow_file(&self, file: &File, rights: u64) -> io::Result<()> {
        let of_kind =
            if file.metadata()?.is_dir() { u64::MAX } else { OF_FILE };
        let rule = PathBeneath {
            allowed: rights & self.handled & of_kind,
            parent: file.as_raw_fd(),
        };
        // SAFETY: the structure lives over the call, which copies it.
        let result = unsafe {
            libc::syscall(
                libc::SYS_landlock_add_rule,
                self.rules.as_raw_fd(),
                PATH_BENEATH,
                &raw const rule,
                0,
            )
        };
        Ok(Errno::result(result).map(drop)?)
    }

    /// Puts them in force for this thread and all that it starts, for ever.
    /// It must have given up the right to gain rights.
    pub(crate) fn enforce(&self) -> Result<(), Errno> {
        let (rules, none) = (self.rules.as_raw_fd(), 0 as c_long);
        // SAFETY: no memory is involved.
        let result = unsafe {
            libc::syscall(libc::SYS_landlock_restrict_self, rules, none)
        };
        Errno::result(result).map(drop)
    }
}

fn is_nowhere(error: &io::Error) -> bool {
    // Who may not look at it may not look at it contained either.
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory
    )
}
