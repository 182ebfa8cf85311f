//! What a program is kept to from its first instruction on.

use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::Signal;

use crate::landlock::Ruleset;
use crate::limits::Limits;
use crate::mounts::message_queues;
use crate::rights;

/// What every program needs to run: its loader, its libraries, the tools of
/// the system. Of /etc, only what the C library reads by itself.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/localtime",
    "/etc/locale.alias",
    "/proc",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    // Where everything of some distributions lies.
    "/nix/store",
    "/gnu/store",
];

/// Devices that hold nobody's data. No terminal: at one, somebody types, and
/// reads what the verdict is.
const SHARED: &[&str] =
    &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Where shm_open(3) puts its names.
const NAMED: &str = "/dev/shm";
/// What a compiler needs.
const PLAIN: &[&str] = &["/dev/null", "/dev/random", "/dev/urandom"];

/// Which files a program may reach, and its limits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Confinement {
    /// Files, or folders with all in them, that may be read and executed,
    /// beside what every program needs.
    pub reads: Vec<PathBuf>,
    /// Folders in which it may do everything.
    pub writes: Vec<PathBuf>,
    /// Whether it may make names in shared memory and message queues, and
    /// use the devices that a running program uses.
    pub has_names: bool,
    /// Of each of its processes.
    pub limits: Limits,
}

/// A confinement that only has to be put in force.
#[derive(Debug)]
pub struct Prepared {
    rules: Ruleset,
    limits: Limits,
}

impl Confinement {
    /// Makes the rules; allocates, and so belongs before a fork.
    ///
    /// # Errors
    /// If this kernel has no Landlock, or a path cannot be looked at.
    pub fn prepare(&self) -> io::Result<Prepared> {
        let rules = Ruleset::new()?;
        let system = SYSTEM.iter().map(Path::new);
        for path in system.chain(self.reads.iter().map(PathBuf::as_path)) {
            rules.allow_reading(path)?;
        }
        let shared = if self.has_names { SHARED } else { PLAIN };
        for path in shared {
            rules.allow_all(Path::new(path))?;
        }
        if self.has_names {
            rules.allow_all(Path::new(NAMED))?;
            if let Some(queues) = message_queues() {
                rules.allow_opened(queues)?;
            }
        }
        for path in &self.writes {
            rules.allow_all(path)?;
        }
        Ok(Prepared { rules, limits: self.limits })
    }

    /// As one text, for another process: the lines of [`Self::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let number = |value: Option<u64>| {
            value.map_or_else(|| "-".to_owned(), |value| value.to_string())
        };
        let limits = self.limits.values().map(number).join(" ");
        bytes.extend(limits.bytes());
        bytes.extend(if self.has_names { " names" } else { " -" }.bytes());
        for (kind, paths) in [(b'r', &self.reads), (b'w', &self.writes)] {
            for path in paths {
                bytes.extend([b'\n', kind]);
                // A name may hold a newline, and no zero byte.
                let path = path.as_os_str().as_bytes();
                let line = path.split(|byte| *byte == b'\n');
                bytes.extend(line.collect::<Vec<_>>().join(&b"\n+"[..]));
            }
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] has written; `None` if it is not that.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let head = std::str::from_utf8(lines.next()?).ok()?;
        let words: Vec<&str> = head.split(' ').collect();
        let [cpu, data, file, descriptors, processes, names] = words[..] else {
            return None;
        };
        let number = |word: &str| word.parse().ok();
        let limits = [cpu, data, file, descriptors, processes].map(number);
        let mut paths: Vec<(u8, Vec<u8>)> = Vec::new();
        for line in lines {
            match line.split_first()? {
                (b'+', rest) => {
                    let (_, last) = paths.last_mut()?;
                    last.push(b'\n');
                    last.extend(rest);
                }
                (kind, path) => paths.push((*kind, path.to_owned())),
            }
        }
        let of = |kind: u8| {
            let those = paths.iter().filter(|(it, _)| *it == kind);
            let path = |bytes: &Vec<u8>| {
                PathBuf::from(std::ffi::OsString::from_vec(bytes.clone()))
            };
            those.map(|(_, it)| path(it)).collect()
        };
        Some(Self {
            reads: of(b'r'),
            writes: of(b'w'),
            has_names: names == "names",
            limits: Limits::of(limits),
        })
    }
}

impl Prepared {
    /// Lets the command begin under it, and die with the thread that starts
    /// it.
    pub fn contain(self, command: &mut Command) {
        let apply = move || {
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            Ok(self.apply()?)
        };
        // SAFETY: it makes system calls only, and allocates nothing.
        unsafe { command.pre_exec(apply) };
    }

    /// Puts it in force for this process and all that it starts, for ever:
    /// also whatever rights root has are given up.
    ///
    /// Makes system calls only, so that it may be called between fork and
    /// exec.
    ///
    /// # Errors
    /// What setrlimit(2), capset(2) or landlock_restrict_self(2) reports.
    pub fn apply(&self) -> Result<(), Errno> {
        self.limits.set()?;
        rights::give_up()?;
        self.rules.enforce()
    }
}

#[cfg(test)]
mod tests {
    use super::{Confinement, Limits};
    use std::path::PathBuf;

    #[test]
    fn a_confinement_survives_the_way_to_another_process() {
        let limits =
            Limits { cpu_s: Some(3), file: Some(7), ..Limits::default() };
        let own = Confinement {
            reads: vec![PathBuf::from("/a b"), PathBuf::from("/new\nline\n")],
            writes: vec![PathBuf::from("/w")],
            has_names: true,
            limits,
        };
        assert_eq!(Confinement::from_bytes(&own.to_bytes()), Some(own));
        let empty = Confinement::default();
        assert_eq!(Confinement::from_bytes(&empty.to_bytes()), Some(empty));
        assert_eq!(Confinement::from_bytes(b"what\nr/"), None);
    }
}
