//! setrlimit(2) for a program that is about to begin.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// What the kernel keeps each process of a run to. What no process can be
/// kept to alone (wall time, all memory, all processes) is the keeper's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Limits {
    /// Seconds of CPU time; then `SIGXCPU`.
    pub cpu_s: Option<u64>,
    /// Bytes of private writable memory.
    pub data: Option<u64>,
    /// Bytes of each file; then `SIGXFSZ`.
    pub file: Option<u64>,
    /// Open descriptors.
    pub descriptors: Option<u64>,
    /// Processes and threads of this user in this user namespace. Useless
    /// outside of an own one, where it counts what else the user runs.
    pub processes: Option<u64>,
}

impl Limits {
    const RESOURCES: [Resource; 5] = [
        Resource::RLIMIT_CPU,
        Resource::RLIMIT_DATA,
        Resource::RLIMIT_FSIZE,
        Resource::RLIMIT_NOFILE,
        Resource::RLIMIT_NPROC,
    ];

    /// In the order of [`Limits::RESOURCES`].
    pub(crate) fn values(&self) -> [Option<u64>; 5] {
        [self.cpu_s, self.data, self.file, self.descriptors, self.processes]
    }

    pub(crate) fn of(
        [cpu_s, data, file, descriptors, processes]: [Option<u64>; 5],
    ) -> Self {
        Self { cpu_s, data, file, descriptors, processes }
    }

    /// Puts them in force for this process and its children.
    pub(crate) fn set(&self) -> Result<(), Errno> {
        // A program may ask for its core file; it is a file like others.
        if let Some(most) = self.file {
            lower(Resource::RLIMIT_CORE, most)?;
        }
        for (resource, value) in Self::RESOURCES.into_iter().zip(self.values())
        {
            if let Some(value) = value {
                lower(resource, value)?;
            }
        }
        Ok(())
    }
}

/// A lower one that was set before stays: nobody may raise it again.
fn lower(resource: Resource, value: rlim_t) -> Result<(), Errno> {
    let (soft, hard) = getrlimit(resource)?;
    // Of CPU time the soft limit sends SIGXCPU, the hard one SIGKILL.
    let spare = u64::from(resource == Resource::RLIMIT_CPU);
    setrlimit(resource, soft.min(value), hard.min(value + spare))
}
