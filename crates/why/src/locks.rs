//! flock(2), fcntl(2) and open-file-description locks.
//!
//! Who holds a lock is told by the `lock:` lines of `/proc/PID/fdinfo`: a
//! lock of flock(2) belongs to the open file, which a child inherits, so that
//! the process that took it need not be the one that holds it.

use crate::calls::Form;
use crate::census::Task;
use crate::holdings::{End, Holding};
use crate::parse::{self, HeldLock, Syscall};
use crate::proc::Object;
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    is_flock: bool,
    /// Of a process, which never waits for its own.
    is_posix: bool,
    is_exclusive: bool,
    range: (u64, u64),
}

impl Scene<'_> {
    pub(crate) fn file_lock(
        &mut self,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        let fd = call.arguments[0] as i32;
        let Some(asked) = self.asked(task, form, call) else {
            return Wait::moves(Kind::Other).through(fd);
        };
        let Some(descriptor) = self.descriptor(task, fd) else {
            return Wait::moves(Kind::FileLock).through(fd);
        };
        let pid = self.census.processes[task.process].pid;
        let own: Vec<HeldLock> = self.locks_of(pid, fd).unwrap_or_default();
        let is_in_the_way = |lock: &HeldLock, holder: i32| {
            let is_posix = asked.is_posix && lock.kind == "POSIX";
            asked.conflicts(lock)
                && !own.contains(lock)
                && !(is_posix && holder == pid)
        };
        let mut holders = Vec::new();
        for holding in self.holdings.holders(&descriptor.object, End::Both) {
            let Some(held_through) = holding.fd else {
                holders.push((holding, 0));
                continue;
            };
            let Some(locks) = self.locks_of(holding.pid, held_through) else {
                if self.has_moved(&holding, &descriptor.object) {
                    holders.push((holding, 0));
                }
                continue;
            };
            let mut locks = locks.iter();
            let conflict = locks.find(|it| is_in_the_way(it, holding.pid));
            if let Some(lock) = conflict {
                holders.push((holding, lock.pid));
            }
        }
        let group = self.lock_holders(task, holders);
        let mut wakers = vec![Waker::Group(group)];
        if self.is_empty(group) {
            wakers.push(Waker::Outside);
        }
        Wait::new(Kind::FileLock, wakers).on(&*descriptor.text).through(fd)
    }

    /// Whether a stranger has given its descriptor another number since.
    fn has_moved(&self, holding: &Holding, object: &Object) -> bool {
        let now = self.proc.descriptors_but(holding.pid, |_| None);
        let mut now = now.iter().flatten();
        holding.process.is_none() && now.any(|it| it.object == *object)
    }

    /// A child that inherited the locked file holds the lock too. While it
    /// waits it cannot give it back, so the others are named, and it is
    /// named only if there are no others.
    fn lock_holders(
        &mut self,
        task: &Task,
        holders: Vec<(Holding, i32)>,
    ) -> usize {
        let process = &self.census.processes[task.process];
        let is_heir = |holding: &Holding, taker: i32| {
            holding.process == Some(task.process)
                && process.tasks.len() == 1
                && taker != process.pid
        };
        let has_others = holders
            .iter()
            .any(|(holding, _)| holding.process != Some(task.process));
        let mut named: Vec<Holding> = Vec::new();
        for (mut holding, taker) in holders {
            if has_others && is_heir(&holding, taker) {
                continue;
            }
            if let Some(place) = holding.process {
                holding.pid = self.census.processes[place].pid;
            }
            named.push(holding);
        }
        self.add_group(named)
    }

    fn locks_of(&self, pid: i32, fd: i32) -> Option<Vec<HeldLock>> {
        let info = self.proc.info(pid, fd)?;
        let lines = info.lines().filter(|line| line.starts_with("lock:"));
        Some(lines.filter_map(parse::held_lock).collect())
    }

    fn asked(&self, task: &Task, form: Form, call: &Syscall) -> Option<Asked> {
        let how = call.arguments[1] as i32;
        if form == Form::Flock {
            return Some(Asked {
                is_flock: true,
                is_posix: false,
                is_exclusive: how & libc::LOCK_EX != 0,
                range: (0, u64::MAX),
            });
        }
        if !matches!(how, libc::F_SETLKW | libc::F_OFD_SETLKW) {
            return None;
        }
        let pid = self.census.processes[task.process].pid;
        let words = self.proc.words(pid, call.arguments[2]);
        // Where memory is refused, any lock on the file may be in the way.
        let kind = words
            .map_or(libc::F_WRLCK as i16, |[kind, ..]: [u32; 6]| kind as i16);
        Some(Asked {
            is_flock: false,
            is_posix: how == libc::F_SETLKW,
            is_exclusive: kind == libc::F_WRLCK as i16,
            range: words.map_or((0, u64::MAX), |words| range(&words)),
        })
    }
}

impl Asked {
    fn conflicts(&self, held: &HeldLock) -> bool {
        (held.kind == "FLOCK") == self.is_flock
            && (self.is_exclusive || held.is_exclusive)
            && self.range.0 <= held.range.1
            && held.range.0 <= self.range.1
    }
}

/// First and last byte that a `struct flock` names: type and whence, then
/// start and length behind the padding. Counted from elsewhere than the
/// beginning of the file, it may be any.
fn range(words: &[u32; 6]) -> (u64, u64) {
    let whence = (words[0] >> 16) as i32;
    let long = |at: usize| {
        (u64::from(words[at + 1]) << 32 | u64::from(words[at])) as i64
    };
    let (start, length) = (long(2), long(4));
    if whence != libc::SEEK_SET || start < 0 {
        return (0, u64::MAX);
    }
    match length {
        0 => (start as u64, u64::MAX),
        1.. => (start as u64, (start + length - 1) as u64),
        _ => ((start + length).max(0) as u64, (start - 1).max(0) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, range};
    use crate::parse::held_lock;

    #[test]
    fn a_range_is_its_first_and_last_byte() {
        assert_eq!(range(&[1, 0, 10, 0, 10, 0]), (10, 19));
        assert_eq!(range(&[1, 0, 5, 0, 0, 0]), (5, u64::MAX));
        assert_eq!(range(&[1 | 1 << 16, 0, 5, 0, 1, 0]), (0, u64::MAX));
    }

    #[test]
    fn locks_conflict_where_they_overlap() {
        let held = held_lock("1: POSIX  ADVISORY  WRITE 7 fe:00:9 10 19");
        let held = held.unwrap();
        let asked = |range| Asked {
            is_flock: false,
            is_posix: true,
            is_exclusive: false,
            range,
        };
        assert!(asked((19, 30)).conflicts(&held));
        assert!(!asked((20, 30)).conflicts(&held));
        let read = held_lock("1: POSIX  ADVISORY  READ 7 fe:00:9 10 19");
        assert!(!asked((10, 10)).conflicts(&read.unwrap()));
    }
}
