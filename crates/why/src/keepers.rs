//! What keeps eventfds without a number, and raises them by itself: virtual
//! machines (KVM's irqfd and ioeventfd), devices and their drivers, contexts
//! of io_submit(2). Which eventfd it was given is told nowhere.

use crate::census::Task;
use crate::doubts::CONTEXT;
use crate::proc::{Descriptor, Proc};
use crate::scene::Scene;

/// A virtual CPU that is mapped keeps its machine.
const MACHINE: &str = "anon_inode:kvm-";

/// What has an inode of no file system, and keeps no eventfd. A ring does:
/// see `parked`.
const HARMLESS: [&str; 18] = [
    "[eventfd]",
    "[eventpoll]",
    "[timerfd]",
    "[signalfd]",
    "[pidfd]",
    "[pidfs]",
    "[fanotify]",
    "[userfaultfd]",
    "[perf_event]",
    "[io_uring]",
    "[landlock-ruleset]",
    "[fscontext]",
    "inotify",
    "bpf-map",
    "bpf-prog",
    "bpf_link",
    "seccomp notify",
    "sync_file",
];

/// Devices that keep none, below /dev.
const PLAIN: [&str; 17] = [
    "null", "zero", "full", "random", "urandom", "kmsg", "console", "tty",
    "pts/", "ptmx", "input/", "snd/", "fuse", "net/tun", "shm/", "mqueue/",
    "rtc",
];

/// Whether what a descriptor leads to may keep eventfds. What is not known
/// does.
pub(crate) fn keeps_events(descriptor: &Descriptor) -> bool {
    let text = &*descriptor.text;
    let begins = |all: &[&str], name: &str| {
        all.iter().any(|known| name.starts_with(known))
    };
    if let Some(name) = text.strip_prefix("anon_inode:") {
        return !begins(&HARMLESS, name);
    }
    let device = text.strip_prefix("/dev/");
    device.is_some_and(|name| !begins(&PLAIN, name))
}

/// Whether a process has mapped what keeps eventfds.
pub(crate) fn maps_keeper(maps: &str) -> bool {
    maps.contains(CONTEXT) || maps.contains(MACHINE)
}

impl Scene<'_> {
    /// Whether somebody of the tree has given, or may have given, an eventfd
    /// to such a one.
    pub(crate) fn has_keeper(&self) -> bool {
        let proc = self.proc;
        let of_task = |task: &Task| {
            let all = self.holdings.descriptors(task.process, task.tid);
            all.iter().any(keeps_events)
        };
        let is_mapped = |pid: i32| keeps_mapped(proc, pid);
        self.census.tasks.iter().any(of_task)
            || self.census.processes.iter().any(|it| is_mapped(it.pid))
    }
}

fn keeps_mapped(proc: Proc, pid: i32) -> bool {
    proc.maps(pid).is_some_and(|maps| maps_keeper(&maps))
}

#[cfg(test)]
mod tests {
    use super::{keeps_events, maps_keeper};
    use crate::proc::{Descriptor, Object};

    fn keeps(text: &str) -> bool {
        keeps_events(&Descriptor {
            fd: 3,
            object: Object::Anonymous,
            text: text.into(),
            is_readable: true,
            is_writable: true,
            is_named: false,
        })
    }

    #[test]
    fn machines_and_devices_keep_eventfds_and_so_does_what_is_unknown() {
        for text in [
            "anon_inode:kvm-vm",
            "anon_inode:kvm-vcpu:0",
            "anon_inode:[vfio-device]",
            "anon_inode:something-new",
            "/dev/vhost-net",
            "/dev/dri/card0",
        ] {
            assert!(keeps(text), "{text}");
        }
        for text in [
            "anon_inode:[eventfd]",
            "anon_inode:inotify",
            "/dev/null",
            "/dev/pts/3",
            "/dev/tty",
            "/dev/shm/file",
            "/home/me/dev/vhost",
            "pipe:[7]",
        ] {
            assert!(!keeps(text), "{text}");
        }
    }

    #[test]
    fn a_mapped_machine_is_kept_when_its_descriptors_are_closed() {
        let line = "7f0-7f1 rw-s 00000000 00:10 1060 anon_inode:kvm-vcpu:0\n";
        assert!(maps_keeper(line));
        assert!(!maps_keeper("7f0-7f1 rw-p 00000000 00:00 0\n"));
    }
}
