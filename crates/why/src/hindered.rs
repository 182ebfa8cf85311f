//! Tasks that are kept from going on by something else than what their call
//! waits for: /proc shows the call all the same.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::proc::Proc;
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

impl Scene<'_> {
    /// Puts what really holds a task in place of what its call waits for.
    pub(crate) fn find_hindered(&self, waits: &mut [Wait]) {
        let mut freezers = Freezers::read(self.proc);
        for (task, wait) in self.census.tasks.iter().zip(waits) {
            if !matches!(task.state, 'S' | 'D') {
                continue;
            }
            let pid = self.census.processes[task.process].pid;
            let channel = self.proc.channel(pid, task.tid);
            let kind = match by_channel(channel.as_deref().unwrap_or("0")) {
                None if freezers.has_frozen(self.proc, pid) => Kind::Frozen,
                // Of a task with a filter it must be known that no answer
                // is awaited.
                None if channel.is_none_or(|it| it == "0") => {
                    match task.status.is_filtered {
                        true => Kind::Answer,
                        false => continue,
                    }
                }
                None => continue,
                Some(kind) => kind,
            };
            *wait = Wait::new(kind, vec![Waker::Outside]);
        }
    }
}

/// By the kernel's function in which a task waits.
fn by_channel(name: &str) -> Option<Kind> {
    if name.starts_with("seccomp_do_user_notif") {
        Some(Kind::Answer)
    } else if name.starts_with("handle_userfault") {
        Some(Kind::Fault)
    } else if name.starts_with("do_freezer_trap") {
        Some(Kind::Frozen)
    } else {
        None
    }
}

/// Which cgroups of version 2 are frozen. One of version 1 shows its tasks
/// as `D`, which counts as moving.
#[derive(Debug)]
struct Freezers {
    /// Where the hierarchy is mounted, and which part of it.
    mount: Option<(PathBuf, String)>,
    known: HashMap<String, bool>,
}

impl Freezers {
    fn read(proc: Proc) -> Self {
        let mounts = proc.table("self/mountinfo").unwrap_or_default();
        Self { mount: mounts.lines().find_map(mount), known: HashMap::new() }
    }

    fn has_frozen(&mut self, proc: Proc, pid: i32) -> bool {
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

#[cfg(test)]
mod tests {
    use super::{by_channel, mount};
    use crate::wait::Kind;

    #[test]
    fn a_function_of_the_kernel_may_have_been_copied_by_its_compiler() {
        let name = "seccomp_do_user_notification.isra.0";
        assert_eq!(by_channel(name), Some(Kind::Answer));
        assert_eq!(by_channel("anon_pipe_read"), None);
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
