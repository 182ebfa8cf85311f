//! Signals that the kernel sends because of what somebody does at the other
//! side of a descriptor. Which process it tells is often not shown, so the
//! descriptors of all count.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;

use crate::census::Task;
use crate::proc::{Descriptor, Object};
use crate::scene::Scene;
use crate::signals::bit;

/// Of the tree's descriptors; each is looked for when a signal asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    /// Whether one tells when it is ready (`O_ASYNC`), or has a lease, or is
    /// a folder, which may tell of its changes.
    of_io: OnceCell<bool>,
    /// Whether a socket has an owner, whom it tells of urgent data.
    of_urgent_data: OnceCell<bool>,
    /// What queues send when they are no longer empty.
    of_queues: OnceCell<u64>,
}

impl Scene<'_> {
    /// Whether the kernel may send one of these signals.
    pub(crate) fn may_be_notified(&self, signals: u64) -> bool {
        const OF_IO: u64 = bit(libc::SIGIO) | !0 << 33; // real-time signals
        let Notices { of_io, of_urgent_data, of_queues } = &self.notices;
        let is_io = || self.each().any(|(tid, it)| self.tells_of_io(tid, it));
        let is_urgent = || self.each().any(|(tid, it)| self.has_owner(tid, it));
        let queues =
            || self.each().fold(0, |all, (tid, it)| all | queue_sends(tid, it));
        if self.holdings.has_unread() {
            return signals != 0;
        }
        signals & OF_IO != 0 && *of_io.get_or_init(is_io)
            || signals & bit(libc::SIGURG) != 0
                && *of_urgent_data.get_or_init(is_urgent)
            || signals != 0 && signals & *of_queues.get_or_init(queues) != 0
    }

    /// Every descriptor of the tree, with the thread through which it is
    /// read.
    fn each(&self) -> impl Iterator<Item = (i32, &Descriptor)> {
        let is_reader = |task: &&Task| {
            self.holdings.reader(task.process, task.tid) == task.tid
        };
        self.census.tasks.iter().filter(is_reader).flat_map(|task| {
            let all = self.holdings.descriptors(task.process, task.tid);
            all.iter().map(|it| (task.tid, it))
        })
    }

    fn tells_of_io(&self, pid: i32, descriptor: &Descriptor) -> bool {
        let fd = descriptor.fd;
        if !matches!(descriptor.object, Object::File(..)) {
            let flags = self.file_flags(pid, fd);
            return flags.is_none_or(|flags| flags & libc::O_ASYNC != 0);
        }
        let file = std::fs::metadata(format!("/proc/{pid}/fd/{fd}"));
        let info = self.proc.info(pid, fd).unwrap_or_default();
        file.is_ok_and(|file| file.is_dir())
            || info.lines().any(|line| line.contains(" LEASE "))
    }

    fn has_owner(&self, pid: i32, descriptor: &Descriptor) -> bool {
        if !matches!(descriptor.object, Object::Socket(_)) {
            return false;
        }
        let Some(copy) = self.proc.copied(pid, descriptor.fd) else {
            return true;
        };
        // SAFETY: a plain call on an open descriptor.
        unsafe { libc::fcntl(copy.as_raw_fd(), libc::F_GETOWN) != 0 }
    }
}

/// The signal that a POSIX queue sends, as mq_notify(3) has asked it to.
fn queue_sends(pid: i32, descriptor: &Descriptor) -> u64 {
    const EVERY: u64 = !0;
    let name = descriptor.text.strip_prefix('/').unwrap_or("/");
    let is_file = matches!(descriptor.object, Object::File(..));
    if !is_file || name.contains('/') || !is_queue(pid, descriptor.fd) {
        return 0;
    }
    let mut text = [0; 128];
    let path = format!("/proc/{pid}/fd/{}", descriptor.fd);
    let length = File::open(path).and_then(|mut it| it.read(&mut text));
    let Ok(length) = length else { return EVERY };
    told(&String::from_utf8_lossy(&text[..length]))
}

fn is_queue(pid: i32, fd: i32) -> bool {
    const QUEUES: i64 = 0x1980_0202; // MQUEUE_MAGIC
    let path = format!("/proc/{pid}/fd/{fd}");
    let system = nix::sys::statfs::statfs(path.as_str());
    system.is_ok_and(|it| it.filesystem_type().0 == QUEUES)
}

/// `QSIZE:0 NOTIFY:0 SIGNO:10 NOTIFY_PID:123`, see mq_overview(7).
fn told(text: &str) -> u64 {
    let field = |name: &str| {
        let behind = text.split_once(name)?.1;
        behind.split_ascii_whitespace().next()?.parse::<i32>().ok()
    };
    match (field("NOTIFY_PID:"), field("SIGNO:")) {
        (Some(0), _) => 0,
        (Some(_), Some(signal @ 1..=64)) => bit(signal),
        (Some(_), Some(_)) => 0,
        _ => !0,
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_queue_tells_which_signal_it_sends() {
        let text = "QSIZE:0          NOTIFY:0     SIGNO:10    NOTIFY_PID:";
        assert_eq!(told(&format!("{text}123  \n")), 1 << 9);
        assert_eq!(told(&format!("{text}0    \n")), 0);
        assert_eq!(told("SIGNO:10"), !0, "it could not be read");
    }
}
