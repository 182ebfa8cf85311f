//! What this machine has for a benchmark: CPUs, memory, processes.

use std::fs;
use std::path::Path;

use common::{Context, Error, Result};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{Pid, geteuid};

use crate::row::Row;

#[derive(Debug)]
pub(crate) struct Limits {
    /// The first two CPUs that this process may use, or the only one.
    pub(crate) cpus: Vec<usize>,
    /// Bytes that can be had without swapping.
    memory: usize,
    /// How many processes there may be at one time.
    processes: usize,
}

impl Limits {
    pub(crate) fn of_this_machine() -> Result<Self> {
        Ok(Self {
            cpus: two_cpus()?,
            memory: free_memory()?,
            processes: most_processes()?,
        })
    }

    /// Whether this row can be measured; if not, it says why.
    pub(crate) fn allow(&self, row: &Row) -> bool {
        let is_heap = row.work == "create";
        let processes = if row.work == "tree" { row.size } else { row.senders };
        let lacks = if row.is_on_two && self.cpus.len() < 2 {
            "two CPUs"
        } else if is_heap && row.size + row.size / 4 > self.memory {
            "more memory than is free"
        } else if processes + processes / 4 > self.processes {
            "more processes than are allowed"
        } else {
            return true;
        };
        eprintln!("bench: {}: needs {lacks}, left out", row.id);
        false
    }
}

fn two_cpus() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::from_raw(0))
        .context("cannot ask for the CPUs")?;
    let is_allowed = |cpu: &usize| allowed.is_set(*cpu).unwrap_or(false);
    Ok((0..CpuSet::count()).filter(is_allowed).take(2).collect())
}

fn free_memory() -> Result<usize> {
    let path = "/proc/meminfo";
    let text =
        fs::read_to_string(path).context(format_args!("cannot read {path}"))?;
    let kibibytes = text.lines().find_map(|line| {
        let line = line.strip_prefix("MemAvailable:")?;
        line.trim().strip_suffix(" kB")?.parse::<usize>().ok()
    });
    kibibytes
        .map(|number| number << 10)
        .ok_or_else(|| Error::new(format!("{path} has no MemAvailable")))
}

/// The least of the limits: of the kernel, of the user (root has none), and of
/// each cgroup that this process is in.
fn most_processes() -> Result<usize> {
    let (of_user, _) = getrlimit(Resource::RLIMIT_NPROC)
        .context("cannot ask for RLIMIT_NPROC")?;
    let of_user = match geteuid().is_root() {
        true => usize::MAX,
        false => usize::try_from(of_user).unwrap_or(usize::MAX),
    };
    let mut most = of_user.min(number("/proc/sys/kernel/pid_max"));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(kind), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        // Version 1 has a tree for each kind of limit, version 2 one for all.
        let tree = match kind {
            "" => "/sys/fs/cgroup",
            "pids" => "/sys/fs/cgroup/pids",
            _ => continue,
        };
        let own = Path::new(tree).join(path.trim_start_matches('/'));
        for group in own.ancestors().take_while(|it| it.starts_with(tree)) {
            most = most.min(number(group.join("pids.max")));
        }
    }
    Ok(most)
}

/// What a file of one number says; "max", or no file, is no limit.
fn number(path: impl AsRef<Path>) -> usize {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().parse().unwrap_or(usize::MAX)
}
