//! Futexes: the kernel records no owner, so the word itself is read, and
//! what glibc and musl keep beside it.

use crate::census::Task;
use crate::holdings::Holding;
use crate::parse::{Mapping, Syscall};
use crate::proc::Proc;
use crate::scene::Scene;
use crate::wait::{Evidence, Kind, Wait, Waker};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::OnceLock;
use trace::What;

const WAITERS: u32 = 0x8000_0000; // FUTEX_WAITERS, <linux/futex.h>
const TID: u32 = 0x3fff_ffff; // FUTEX_TID_MASK
const LOCK_PI2: i32 = 13; // FUTEX_LOCK_PI2
const LARGEST_TID: u32 = 4_194_304; // pid_max(5) on 64 bits

/// Where a task waits.
#[derive(Clone, Copy, Debug)]
struct Place {
    task: usize,
    address: u64,
    /// The value for which it was put to sleep.
    expected: u32,
    command: i32,
    is_private: bool,
    /// The C library waits, for itself.
    is_of_libc: bool,
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
            command,
            is_private: operation & libc::FUTEX_PRIVATE_FLAG != 0,
            is_of_libc: mappings
                .as_deref()
                .is_some_and(|all| is_of_libc(all, call.program)),
        };
        let looks = match self.proc.words(pid, address) {
            Some(words) => place.looks(&words),
            None => Looks::Unknown,
        };
        self.futex_in(place, looks, mapping)
    }

    fn futex_in(
        &mut self,
        place: Place,
        looks: Looks,
        mapping: Option<&Mapping>,
    ) -> Wait {
        match (place.is_private, mapping) {
            // Where the memory lies cannot be read, nor who shares it.
            (false, None) => Wait::moves(Kind::SharedFutex),
            (false, Some(mapping)) if mapping.is_shared => {
                self.between_processes(place, looks, mapping)
            }
            // Nobody can have written a page of his own there, so it is the
            // file's: whoever maps that shares it.
            (false, Some(mapping)) if mapping.is_page_of_file() => {
                self.in_file(place, mapping)
            }
            (true, Some(mapping)) if mapping.is_shared => {
                self.wrongly_private(place, mapping)
            }
            _ => self.between_threads(place, looks),
        }
    }

    fn in_file(&mut self, place: Place, mapping: &Mapping) -> Wait {
        let its = &self.census.tasks[place.task];
        let mut wakers = self.byte_wakers(its, place.address, mapping);
        wakers.extend(self.own_wakers(its.process));
        let name = in_words(place.address, mapping);
        Wait::new(Kind::SharedFutex, wakers).on(format!("futex {name}"))
    }

    fn between_threads(&mut self, place: Place, looks: Looks) -> Wait {
        let task = &self.census.tasks[place.task];
        let process = task.process;
        let sharers = self.sharers(process);
        let census = self.census;
        let is_own = |other: &usize| {
            let process = census.tasks[*other].process;
            sharers.iter().any(|it| it.process == Some(process))
        };
        let is_alone = sharers.len() == 1;
        let at = format!("futex at {:#x}", place.address);
        if let Looks::HeldBy(tid) = looks {
            let holder = self.task_known_as(tid, place.task);
            if let Some(holder) = holder.filter(is_own) {
                return Wait::new(Kind::Mutex, vec![Waker::Task(holder)])
                    .on(format!("mutex at {:#x}", place.address));
            }
            if is_alone && holder.is_none() && self.proc.stat(tid).is_none() {
                return Wait::new(Kind::Mutex, Vec::new())
                    .on(format!("mutex at {:#x}", place.address))
                    .knowing(Evidence::DeadHolder(tid));
            }
        }
        // pthread_join(3): the word is the id of the thread that is awaited.
        let joined = self.task_known_as(place.expected as i32, place.task);
        if !place.is_private
            && place.is_of_libc
            && let Some(joined) = joined.filter(is_own)
        {
            let tid = self.census.tasks[joined].tid;
            return Wait::new(Kind::Thread, vec![Waker::Task(joined)])
                .on(format!("thread {tid}"));
        }
        let wakers = self.own_wakers(process);
        Wait::new(Kind::PrivateFutex, wakers).on(at)
    }

    /// The task that another one's program knows by this id.
    fn task_known_as(&self, tid: i32, near: usize) -> Option<usize> {
        let census = self.census;
        let is_seen = |task: &usize| census.tasks[*task].status.seen == tid;
        let its = &census.tasks[near];
        // Without a namespace below ours both ids are the same.
        if its.status.seen == its.tid {
            return census.task_of(tid).filter(is_seen);
        }
        let pid_of =
            |task: usize| census.processes[census.tasks[task].process].pid;
        let space = self.proc.namespace(pid_of(near), "pid");
        let is_near = |task: &usize| {
            let theirs = self.proc.namespace(pid_of(*task), "pid");
            theirs.is_some() && theirs == space
        };
        (0..census.tasks.len()).filter(is_seen).find(is_near)
    }

    /// Whether all who share memory number their threads alike: an id which
    /// one of them has written there means the same to us.
    fn is_of_one_space(&mut self, group: usize) -> bool {
        if let Some(known) = self.spaces_of.get(&group) {
            return *known;
        }
        let holders = self.groups[group].holders.iter();
        let spaces: HashSet<Option<PathBuf>> =
            holders.map(|it| self.proc.namespace(it.pid, "pid")).collect();
        let is_one = spaces.len() == 1 && !spaces.contains(&None);
        self.spaces_of.insert(group, is_one);
        is_one
    }

    /// A private futex in shared memory: a mistake if others map it too.
    fn wrongly_private(&mut self, place: Place, mapping: &Mapping) -> Wait {
        let process = self.census.tasks[place.task].process;
        let group = self.mappers(place.address, mapping);
        let is_other = |holding: &Holding| holding.process != Some(process);
        let has_others = self.groups[group].holders.iter().any(is_other);
        let wakers = self.own_wakers(process);
        let wait = Wait::new(Kind::PrivateFutex, wakers)
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
        let task = &self.census.tasks[place.task];
        let name = in_words(place.address, mapping);
        if let Looks::HeldBy(tid) = looks {
            let group = self.mappers(place.address, mapping);
            let held = self.held_by(place.task, tid, group, &name);
            // The word has the number of somebody whom our namespace may not
            // show. That is no stranger who might come: he was here, so that
            // the promise of a closed tree does not hold.
            let is_beyond =
                self.proc.is_below_others() && self.has_name(task, mapping);
            return held.or(is_beyond.then_some(Waker::Outside));
        }
        let wakers = self.byte_wakers(task, place.address, mapping);
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

    fn held_by(
        &mut self,
        task: usize,
        tid: i32,
        group: usize,
        name: &str,
    ) -> Wait {
        let object = format!("mutex {name}");
        if !self.is_of_one_space(group) {
            return Wait::new(Kind::Mutex, vec![Waker::Group(group)])
                .on(object);
        }
        let holders = &self.groups[group].holders;
        let holder = self.task_known_as(tid, task).filter(|holder| {
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

impl Place {
    /// `words` begins at the futex. That memory looks like a lock proves
    /// nothing: what stands behind the word of a `std::sync::Mutex` is the
    /// program's own data. So it counts only if the C library itself waits,
    /// in the way in which it waits for its locks; those of std wait by
    /// `FUTEX_WAIT_BITSET`.
    fn looks(&self, words: &[u32; 10]) -> Looks {
        let [word, second, third, ..] = *words;
        let is_tid = |tid: u32| (1..=LARGEST_TID).contains(&tid);
        let holder = word & TID;
        // The kernel itself demands that the holder stands there.
        let is_pi = matches!(self.command, libc::FUTEX_LOCK_PI | LOCK_PI2);
        let is_of_lock = self.is_of_libc && self.command == libc::FUTEX_WAIT;
        let is_robust =
            is_of_lock && word & WAITERS != 0 && word == self.expected;
        if is_tid(holder) && (is_pi || is_robust) {
            return Looks::HeldBy(holder as i32);
        }
        // The lock is 2 while somebody waits.
        if is_of_lock
            && (self.expected, word) == (2, 2)
            && is_tid(third)
            && self.is_mutex(words)
        {
            return Looks::HeldBy(third as i32);
        }
        // sem_t of glibc: value, waiters, and 128 if it is shared.
        if self.expected == 0
            && word == 0
            && second > 0
            && matches!(third, 0 | 128)
        {
            return Looks::Semaphore;
        }
        Looks::Unknown
    }

    /// pthread_mutex_t of glibc: lock, count, owner, users, kind, spins, and
    /// the list of robust locks.
    fn is_mutex(&self, words: &[u32; 10]) -> bool {
        const RECURSIVE: u32 = 1; // PTHREAD_MUTEX_RECURSIVE_NP
        const SHARED: u32 = 128; // PTHREAD_MUTEX_PSHARED_BIT
        let [_, count, _, users, kind, _, list @ ..] = *words;
        let sort = kind & !SHARED;
        sort <= 3
            && (kind & SHARED == 0) == self.is_private
            && users > 0
            && (sort == RECURSIVE) == (count > 0)
            && list == [0; 4]
    }
}

/// Whether the C library made a call for itself: not in syscall(3), by which
/// anybody makes calls of his own. Known of the library that this program
/// has too.
fn is_of_libc(mappings: &[Mapping], program: u64) -> bool {
    let Some((file, at)) = place_of(mappings, program) else { return false };
    let known = *SYSCALL.get_or_init(|| {
        let own = Proc::default().mappings(std::process::id() as i32)?;
        place_of(&own, libc::syscall as *const () as u64)
    });
    // As long as syscall(3) is on any machine, with room to spare.
    const LENGTH: u64 = 64;
    known.is_some_and(|(library, from)| {
        library == file && !(from..from + LENGTH).contains(&at)
    })
}

type File = (u64, u64);

/// Where syscall(3) is: the file, and the place in it.
static SYSCALL: OnceLock<Option<(File, u64)>> = OnceLock::new();

/// The file from which code was mapped, and where it stands there.
fn place_of(mappings: &[Mapping], code: u64) -> Option<(File, u64)> {
    let mut all = mappings.iter();
    let found =
        all.find(|it| it.is_code && (it.from..it.to).contains(&code))?;
    // A program that is linked with the library has it in its own file.
    let is_library = found.path.contains("/libc");
    is_library.then(|| (found.file, code - found.from + found.offset))
}

fn is_wait(command: i32) -> bool {
    const REQUEUE: i32 = 11; // FUTEX_WAIT_REQUEUE_PI
    matches!(
        command,
        libc::FUTEX_WAIT
            | libc::FUTEX_WAIT_BITSET
            | libc::FUTEX_LOCK_PI
            | REQUEUE
            | LOCK_PI2
    )
}

fn in_words(address: u64, mapping: &Mapping) -> String {
    match mapping.path.as_str() {
        "" | "/dev/zero (deleted)" => format!("at {address:#x}"),
        path => format!("in {path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Looks, Place};

    const BITSET: i32 = libc::FUTEX_WAIT_BITSET;

    fn place(expected: u32, command: i32) -> Place {
        Place {
            task: 0,
            address: 0,
            expected,
            command,
            is_private: false,
            is_of_libc: true,
        }
    }

    fn looks(words: &[u32], expected: u32, command: i32) -> Looks {
        let mut all = [0; 10];
        all[..words.len()].copy_from_slice(words);
        place(expected, command).looks(&all)
    }

    #[test]
    fn the_owner_of_a_glibc_mutex_is_read() {
        let words = [2, 0, 4711, 1, 0x80];
        assert_eq!(looks(&words, 2, 0), Looks::HeldBy(4711));
        let recursive = [2, 1, 4711, 1, 0x81];
        assert_eq!(looks(&recursive, 2, 0), Looks::HeldBy(4711));
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
        assert_eq!(looks(&[0, 1, 128], 0, BITSET), Looks::Semaphore);
    }

    #[test]
    fn a_parked_thread_and_a_std_mutex_have_no_owner() {
        let parked = u32::MAX;
        assert_eq!(looks(&[parked], parked, BITSET), Looks::Unknown);
        assert_eq!(looks(&[2], 2, BITSET), Looks::Unknown);
    }

    #[test]
    fn what_a_std_lock_guards_is_not_taken_for_an_owner() {
        let guarded = [2, 0, 4711, 1, 0x80];
        assert_eq!(looks(&guarded, 2, BITSET), Looks::Unknown);
        let readers = 0xc000_0000 | 3;
        assert_eq!(looks(&[readers, 1, 0], readers, BITSET), Looks::Unknown);
    }

    #[test]
    fn who_waits_by_a_call_of_its_own_has_no_owner() {
        let own = Place { is_of_libc: false, ..place(2, 0) };
        let words = [2, 0, 4711, 1, 0x80, 0, 0, 0, 0, 0];
        assert_eq!(own.looks(&words), Looks::Unknown);
    }

    #[test]
    fn a_mutex_that_does_not_agree_with_its_call_is_none() {
        for words in [
            [2, 0, 4711, 1, 0],
            [2, 3, 4711, 1, 0x80],
            [2, 0, 4711, 0, 0x80],
            [2, 0, 4711, 1, 0x1080],
        ] {
            assert_eq!(looks(&words, 2, 0), Looks::Unknown, "{words:?}");
        }
        let behind = [2, 0, 4711, 1, 0x80, 0, 7];
        assert_eq!(looks(&behind, 2, 0), Looks::Unknown);
    }
}
