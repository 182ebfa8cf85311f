//! What cgroups(7) do to processes that wait: freeze them, and wake them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::proc::Proc;

/// Which cgroups of version 2 are frozen. One of version 1 shows its tasks
/// as `D`, which counts as moving.
#[derive(Debug)]
pub(crate) struct Freezers {
    /// Where the hierarchy is mounted, and which part of it.
    mount: Option<(PathBuf, String)>,
    known: HashMap<String, bool>,
}

impl Freezers {
    pub(crate) fn read(proc: Proc) -> Self {
        let mounts = proc.table("self/mountinfo").unwrap_or_default();
        Self { mount: mounts.lines().find_map(mount), known: HashMap::new() }
    }

    pub(crate) fn has_frozen(&mut self, proc: Proc, pid: i32) -> bool {
        let Some((mount, root)) = &self.mount else { return false };
        let groups = proc.table(&format!("{pid}/cgroup")).unwrap_or_default();
        let own = groups.lines().find_map(|line| line.strip_prefix("0::"));
        let Some(own) = own else { return false };
        let below = own.strip_prefix(root.as_str()).unwrap_or(own);
        let is_frozen = || is_frozen(mount, below);
        *self.known.entry(own.to_owned()).or_insert_with(is_frozen)
    }
}

/// `41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`
fn mount(line: &str) -> Option<(PathBuf, String)> {
    let (before, behind) = line.split_once(" - ")?;
    let mut words = before.split(' ').skip(3);
    let root = words.next()?.trim_end_matches('/').to_owned();
    let is_meant = behind.starts_with("cgroup2 ");
    is_meant.then(|| words.next().map(|at| (at.into(), root)))?
}

/// Whether this cgroup, or one above it, is frozen or about to be.
fn is_frozen(mount: &Path, group: &str) -> bool {
    let own = mount.join(group.trim_start_matches('/'));
    let has = |folder: &Path, file: &str, line: &str| {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        text.lines().any(|it| it == line)
    };
    let mut above = own.ancestors().take_while(|it| it.starts_with(mount));
    has(&own, "cgroup.events", "frozen 1")
        || above.any(|it| has(it, "cgroup.freeze", "1"))
}

/// Whether one may raise an eventfd when it has used much memory: those of
/// version 1, by `cgroup.event_control`, for whoever asks.
pub(crate) fn may_raise_events(proc: Proc) -> bool {
    let mounts = proc.table("self/mountinfo").unwrap_or_default();
    mounts.lines().any(has_events)
}

fn has_events(mount: &str) -> bool {
    let behind = mount.split_once(" - cgroup ");
    behind.is_some_and(|(_, behind)| {
        behind.split([' ', ',']).any(|it| it == "memory")
    })
}

#[cfg(test)]
mod tests {
    use super::{has_events, mount};

    #[test]
    fn the_memory_of_the_first_version_is_told_from_that_of_the_second() {
        let old = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup \
                   rw,memory";
        assert!(has_events(old));
        assert!(!has_events(&old.replace("- cgroup", "- cgroup2")));
        assert!(!has_events(&old.replace("rw,memory", "rw,cpu")));
    }

    #[test]
    fn the_second_version_of_cgroups_is_found_among_the_mounts() {
        let line = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 \
                    - cgroup2 cgroup2 rw";
        let found = mount(line).unwrap();
        assert_eq!(found.0.to_str(), Some("/sys/fs/cgroup/unified"));
        assert_eq!(found.1, "");
        let line = "37 31 0:34 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw";
        assert_eq!(mount(line), None);
    }
}
