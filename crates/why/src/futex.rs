//! Futexes: the kernel records no owner, so the word itself is read, and
//! what glibc and musl keep beside it.

use std::collections::HashSet;

use crate::census::Task;
use crate::holdings::{End, Holding};
use crate::parse::{Mapping, Syscall};
use crate::proc::Object;
use crate::scene::Scene;
use crate::wait::{Evidence, Kind, Wait, Waker};
use trace::What;

const WAITERS: u32 = 0x8000_0000; // FUTEX_WAITERS, <linux/futex.h>
const TID: u32 = 0x3fff_ffff; // FUTEX_TID_MASK
const LARGEST_TID: u32 = 4_194_304; // pid_max(5) on 64 bits

/// Where a task waits.
#[derive(Clone, Copy, Debug)]
struct Place {
    task: usize,
    address: u64,
    /// The value for which it was put to sleep.
    expected: u32,
    is_private: bool,
}

/// What the memory at a futex looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Looks {
    /// A lock, held by this thread.
    HeldBy(i32),
    Semaphore,
    /// Neither; some have no owner to read, as those of std.
    Unknown,
}

impl Scene<'_> {
    pub(crate) fn futex(
        &mut self,
        task: usize,
        its: &Task,
        call: &Syscall,
    ) -> Wait {
        let operation = call.arguments[1] as i32;
        let command = operation & libc::FUTEX_CMD_MASK;
        if !is_wait(command) {
            return Wait::moves(Kind::Other);
        }
        if call.arguments[3] != 0 {
            return Wait::moves(Kind::Sleep);
        }
        let pid = self.census.processes[its.process].pid;
        let address = call.arguments[0];
        let mappings = self.mappings(pid);
        let mapping = mappings.as_deref().and_then(|all| {
            all.iter().find(|it| (it.from..it.to).contains(&address))
        });
        let place = Place {
            task,
            address,
            expected: call.arguments[2] as u32,
            is_private: operation & libc::FUTEX_PRIVATE_FLAG != 0,
        };
        let looks = match self.proc.words(pid, address) {
            Some(words) => looks(&words, place.expected, command),
            None => Looks::Unknown,
        };
        match (place.is_private, mapping) {
            // Where the memory lies cannot be read, nor who shares it.
            (false, None) => Wait::moves(Kind::SharedFutex),
            (false, Some(mapping)) if mapping.is_shared => {
                self.between_processes(place, looks, mapping)
            }
            (true, Some(mapping)) if mapping.is_shared => {
                self.wrongly_private(place, mapping)
            }
            _ => self.between_threads(place, looks),
        }
    }

    fn between_threads(&mut self, place: Place, looks: Looks) -> Wait {
        let task = &self.census.tasks[place.task];
        let process = task.process;
        let is_own =
            |other: &usize| self.census.tasks[*other].process == process;
        let at = format!("futex at {:#x}", place.address);
        if let Looks::HeldBy(tid) = looks {
            let holder = self.census.task_seen(tid, place.task);
            if let Some(holder) = holder.filter(is_own) {
                return Wait::new(Kind::Mutex, vec![Waker::Task(holder)])
                    .on(format!("mutex at {:#x}", place.address));
            }
            if holder.is_none() && self.proc.stat(tid).is_none() {
                return Wait::new(Kind::Mutex, Vec::new())
                    .on(format!("mutex at {:#x}", place.address))
                    .knowing(Evidence::DeadHolder(tid));
            }
        }
        // pthread_join(3): the word is the id of the thread that is awaited.
        let joined = self.census.task_seen(place.expected as i32, place.task);
        if !place.is_private
            && let Some(joined) = joined.filter(is_own)
        {
            let tid = self.census.tasks[joined].tid;
            return Wait::new(Kind::Thread, vec![Waker::Task(joined)])
                .on(format!("thread {tid}"));
        }
        Wait::new(Kind::PrivateFutex, vec![Waker::Process(process)]).on(at)
    }

    /// A private futex in shared memory: a mistake if others map it too.
    fn wrongly_private(&mut self, place: Place, mapping: &Mapping) -> Wait {
        let process = self.census.tasks[place.task].process;
        let group = self.mappers(place.address, mapping);
        let is_other = |holding: &Holding| holding.process != Some(process);
        let has_others = self.groups[group].holders.iter().any(is_other);
        let wait = Wait::new(Kind::PrivateFutex, vec![Waker::Process(process)])
            .on(format!("futex at {:#x}", place.address));
        match has_others {
            true => wait.knowing(Evidence::PrivateButShared),
            false => wait,
        }
    }

    fn between_processes(
        &mut self,
        place: Place,
        looks: Looks,
        mapping: &Mapping,
    ) -> Wait {
        let group = self.mappers(place.address, mapping);
        let name = in_words(place.address, mapping);
        if let Looks::HeldBy(tid) = looks {
            return self.held_by(place.task, tid, group, &name);
        }
        let mut wakers = vec![Waker::Group(group)];
        // Whoever may open the file may map it too.
        let has_name = mapping.path.starts_with('/')
            && !mapping.path.ends_with("(deleted)");
        if has_name {
            wakers.push(Waker::Stranger);
        }
        if looks != Looks::Semaphore {
            return Wait::new(Kind::SharedFutex, wakers)
                .on(format!("futex {name}"));
        }
        let mut wait =
            Wait::new(Kind::Semaphore, wakers).on(format!("semaphore {name}"));
        if let Some(who) = self.last_user(place.address) {
            wait.evidence = Some(Evidence::LastUser(who));
        }
        wait
    }

    fn held_by(&self, task: usize, tid: i32, group: usize, name: &str) -> Wait {
        let object = format!("mutex {name}");
        let holders = &self.groups[group].holders;
        let holder = self.census.task_seen(tid, task).filter(|holder| {
            // A number that is used again is not the holder.
            let process = self.census.tasks[*holder].process;
            holders.iter().any(|it| it.process == Some(process))
        });
        if let Some(holder) = holder {
            return Wait::new(Kind::Mutex, vec![Waker::Task(holder)])
                .on(object);
        }
        if holders.iter().any(|it| it.process.is_none()) {
            return Wait::new(Kind::Mutex, vec![Waker::Outside]).on(object);
        }
        Wait::new(Kind::Mutex, Vec::new())
            .on(object)
            .knowing(Evidence::DeadHolder(tid))
    }

    /// Who maps the same byte, in the tree and elsewhere.
    fn mappers(&mut self, address: u64, mapping: &Mapping) -> usize {
        let place = mapping.offset + (address - mapping.from);
        let key = (mapping.file, place);
        if let Some(known) = self.mappers.get(&key) {
            return *known;
        }
        // Whoever holds the file may map it yet.
        let object = Object::File(mapping.file.0, mapping.file.1);
        let group = self.group(&object, End::Both);
        let may_map: HashSet<i32> =
            self.groups[group].holders.iter().map(|it| it.pid).collect();
        let mut holders = Vec::new();
        for (process, pid) in self.everybody() {
            let is_mapper = match self.mappings(pid) {
                Some(all) => {
                    may_map.contains(&pid) || has_byte(&all, mapping, place)
                }
                // One of the tree may map it, if it does not tell.
                None => process.is_some(),
            };
            if is_mapper {
                holders.push(Holding {
                    process,
                    pid,
                    fd: None,
                    is_readable: true,
                    is_writable: true,
                });
            }
        }
        let group = self.add_group(holders);
        // Who holds the file is not known, if we see no descriptors at all.
        let has_file = !mapping.path.starts_with("/dev/zero");
        if has_file && self.holdings.is_blind() {
            self.groups[group].leads_outside = true;
        }
        self.mappers.insert(key, group);
        group
    }

    /// Every living process of the tree, with its place, and all others.
    fn everybody(&self) -> Vec<(Option<usize>, i32)> {
        let census = self.census;
        let is_alive = |place: &usize| census.is_alive(*place);
        let inside = (0..census.processes.len()).filter(is_alive);
        let inside =
            inside.map(|place| (Some(place), census.processes[place].pid));
        let outside = self.proc.pids().into_iter();
        let outside = outside.filter(|it| census.process_of(*it).is_none());
        inside.chain(outside.map(|pid| (None, pid))).collect()
    }

    /// Who used a word last and has ended since, as an observer saw it.
    fn last_user(&self, at: u64) -> Option<String> {
        let is_used = |what: &What| matches!(what, What::Futex { address, .. } if *address == at);
        let users = self.history.iter().filter(|event| is_used(&event.what));
        users
            .rev()
            .find(|event| {
                let place = self.census.process_of(event.pid);
                place.is_none_or(|place| !self.census.is_alive(place))
            })
            .map(|event| format!("{} ({})", event.who, event.name))
    }
}

/// Whether a byte of the same memory is among these mappings.
fn has_byte(all: &[Mapping], mapping: &Mapping, place: u64) -> bool {
    all.iter().any(|it| {
        it.file == mapping.file
            && it.is_shared
            && it.offset <= place
            && place - it.offset < it.to - it.from
    })
}

fn is_wait(command: i32) -> bool {
    const REQUEUE: i32 = 11; // FUTEX_WAIT_REQUEUE_PI
    const LOCK: i32 = 13; // FUTEX_LOCK_PI2
    matches!(
        command,
        libc::FUTEX_WAIT
            | libc::FUTEX_WAIT_BITSET
            | libc::FUTEX_LOCK_PI
            | REQUEUE
            | LOCK
    )
}

fn in_words(address: u64, mapping: &Mapping) -> String {
    match mapping.path.as_str() {
        "" | "/dev/zero (deleted)" => format!("at {address:#x}"),
        path => format!("in {path}"),
    }
}

/// `words` begins at the futex.
fn looks(words: &[u32; 5], expected: u32, command: i32) -> Looks {
    let [word, second, third, users, kind] = *words;
    let is_tid = |tid: u32| (1..=LARGEST_TID).contains(&tid);
    let holder = word & TID;
    let is_pi = !matches!(command, libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET);
    // Robust and priority-inheriting locks, and all of musl's, have the
    // holder in the word.
    if is_tid(holder) && (is_pi || word & WAITERS != 0 && word == expected) {
        return Looks::HeldBy(holder as i32);
    }
    // pthread_mutex_t of glibc: lock, count, owner, users, kind. The lock
    // is 2 while somebody waits.
    if expected == 2 && word == 2 && is_tid(third) && users > 0 && kind < 0x200
    {
        return Looks::HeldBy(third as i32);
    }
    // sem_t of glibc: value, waiters, and 128 if it is shared.
    if expected == 0 && word == 0 && second > 0 && matches!(third, 0 | 128) {
        return Looks::Semaphore;
    }
    Looks::Unknown
}

#[cfg(test)]
mod tests {
    use super::{Looks, looks};

    #[test]
    fn the_owner_of_a_glibc_mutex_is_read() {
        let words = [2, 0, 4711, 1, 0x80];
        assert_eq!(looks(&words, 2, 0), Looks::HeldBy(4711));
    }

    #[test]
    fn the_owner_of_a_robust_mutex_stands_in_its_word() {
        let word = 0x8000_0000 | 4711;
        assert_eq!(
            looks(&[word, 0, 4711, 1, 0x90], word, 0),
            Looks::HeldBy(4711)
        );
    }

    #[test]
    fn a_semaphore_is_told_from_a_mutex() {
        assert_eq!(looks(&[0, 1, 128, 0, 0], 0, 9), Looks::Semaphore);
    }

    #[test]
    fn a_parked_thread_and_a_std_mutex_have_no_owner() {
        let parked = u32::MAX;
        assert_eq!(looks(&[parked, 0, 0, 0, 0], parked, 9), Looks::Unknown);
        assert_eq!(looks(&[2, 0, 0, 0, 0], 2, 9), Looks::Unknown);
    }
}
