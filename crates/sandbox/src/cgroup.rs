//! cgroups(7) where this user may make them: the fence behind all others,
//! which also counts what no process of the run can be held to (pipes, files
//! in memory, threads of root).

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

/// Processes and threads, the grader's own inside among them.
const TASKS: &str = "600";
/// Bytes, the grader's own inside among them.
const MEMORY: &str = "2147483648";
const NAME: &str = "forklore-";

/// One folder for each hierarchy in which one could be made; removed when it
/// is dropped, which must be when nobody is in it any more.
#[derive(Debug)]
pub(crate) struct Cgroup {
    folders: Vec<PathBuf>,
}

/// A hierarchy that this process is in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Hierarchy {
    /// This process's own folder in it.
    pub(crate) folder: PathBuf,
    /// `pids`, `memory`; for version 2, all that are handed down.
    pub(crate) controllers: Vec<String>,
    pub(crate) is_v2: bool,
}

impl Cgroup {
    /// `None` where none can be made.
    pub(crate) fn make() -> Option<Self> {
        let own = format!("{NAME}{}", process::id());
        let mut made = Self { folders: Vec::new() };
        for hierarchy in hierarchies() {
            sweep(&hierarchy.folder);
            let folder = hierarchy.folder.join(&own);
            if fs::create_dir(&folder).is_err() {
                continue;
            }
            let is_limited = limit(&hierarchy, &folder);
            made.folders.push(folder);
            if !is_limited {
                made.folders.pop().map(fs::remove_dir);
            }
        }
        (!made.folders.is_empty()).then_some(made)
    }

    /// Puts this process into it.
    pub(crate) fn join(&self) {
        for folder in &self.folders {
            // "0" is whoever writes.
            fs::write(folder.join("cgroup.procs"), "0").ok();
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            fs::remove_dir(folder).ok();
        }
    }
}

fn limit(hierarchy: &Hierarchy, folder: &Path) -> bool {
    let has = |name: &str| hierarchy.controllers.iter().any(|it| it == name);
    let write =
        |file: &str, value: &str| fs::write(folder.join(file), value).is_ok();
    let memory = match hierarchy.is_v2 {
        true => "memory.max",
        false => "memory.limit_in_bytes",
    };
    let tasks = has("pids") && write("pids.max", TASKS);
    let bytes = has("memory") && write(memory, MEMORY);
    tasks || bytes
}

/// Removes what a killed grader has left.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|it| it.strip_prefix(NAME));
        let pid = pid.and_then(|it| it.parse::<u32>().ok());
        if pid.is_some_and(|it| !Path::new(&format!("/proc/{it}")).exists()) {
            fs::remove_dir(entry.path()).ok();
        }
    }
}

/// Those that can hold processes or memory.
pub(crate) fn hierarchies() -> Vec<Hierarchy> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    found(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"))
}

fn found(own: &str, mounts: &str) -> Vec<Hierarchy> {
    let mut found = Vec::new();
    for line in own.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let is_v2 = controllers.is_empty();
        let Some(mount) = mount_of(mounts, controllers, is_v2) else {
            continue;
        };
        let folder = mount.join(path.trim_start_matches('/'));
        let controllers: Vec<String> = match is_v2 {
            false => controllers.split(',').map(str::to_owned).collect(),
            true => {
                let file = folder.join("cgroup.subtree_control");
                let names = fs::read_to_string(file).unwrap_or_default();
                names.split_whitespace().map(str::to_owned).collect()
            }
        };
        if controllers.iter().any(|it| it == "pids" || it == "memory") {
            found.push(Hierarchy { folder, controllers, is_v2 });
        }
    }
    found
}

/// Where a hierarchy is mounted, by proc_pid_mountinfo(5).
fn mount_of(mounts: &str, controllers: &str, is_v2: bool) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (before, behind) = line.split_once(" - ")?;
        let mut behind = behind.split(' ');
        let (kind, options) = (behind.next()?, behind.nth(1)?);
        let is_it = match is_v2 {
            true => kind == "cgroup2",
            false => {
                let mut wanted = controllers.split(',');
                kind == "cgroup"
                    && wanted.all(|it| options.split(',').any(|o| o == it))
            }
        };
        is_it.then(|| before.split(' ').nth(4).map(PathBuf::from)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::found;
    use std::path::Path;

    #[test]
    fn a_hierarchy_is_found_where_it_is_mounted() {
        let own = "9:pids:/a\n5:memory:/\n3:cpu,cpuacct:/\n0::/x\n";
        let mounts = "40 30 0:9 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n\
                      41 30 0:8 / /m rw,nosuid shared:5 - cgroup none rw,memory\n";
        let found = found(own, mounts);
        let folders: Vec<&Path> =
            found.iter().map(|it| it.folder.as_path()).collect();
        let wanted = ["/sys/fs/cgroup/pids/a", "/m/"].map(Path::new);
        assert_eq!(folders, wanted);
        assert!(found.iter().all(|it| !it.is_v2));
    }
}
