//! Who holds what: the descriptors of the tree and of everybody else whom we
//! may read.

use std::collections::{HashMap, HashSet};

use crate::census::Census;
use crate::parse;
use crate::proc::{Descriptor, Object, Proc};
use crate::restless::has_twin;
use crate::same::Place;
use crate::strangers::Strangers;
use crate::tables::Reader;
use crate::unseen;

/// A descriptor, and whose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Holding {
    /// Place in the census; `None` is outside of the tree.
    pub(crate) process: Option<usize>,
    /// The process, or that of its threads in whose table it stands.
    pub(crate) pid: i32,
    /// `None` if the process may hold it: its descriptors are not ours to
    /// read.
    pub(crate) fd: Option<i32>,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
}

/// Which end of an object.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum End {
    Read,
    Write,
    /// Either: a socket has but one.
    Both,
}

impl Holding {
    pub(crate) fn has(&self, end: End) -> bool {
        match end {
            End::Read => self.is_readable,
            End::Write => self.is_writable,
            End::Both => true,
        }
    }

    /// Both ends in one.
    pub(crate) fn whole(process: Option<usize>, pid: i32, fd: i32) -> Self {
        Self {
            process,
            pid,
            fd: Some(fd),
            is_readable: true,
            is_writable: true,
        }
    }
}

/// All descriptors, by process and by object. Each table is read once.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    /// Of the tree: by the thread through which a table was read.
    tables: HashMap<i32, Vec<Descriptor>>,
    /// For each process of the tree, those threads.
    of: HashMap<usize, Vec<i32>>,
    by_object: HashMap<Object, Vec<Holding>>,
    /// What has no inode of its own, by its text.
    anonymous: HashMap<String, Vec<(Option<usize>, Place)>>,
    /// For each thread through which a stranger's table was read, its
    /// process.
    leaders: HashMap<i32, i32>,
    /// Processes of the tree that may hold anything: we may not read what
    /// they hold, or a socket of theirs has descriptors on the way
    /// (`SCM_RIGHTS`), which have no other place in /proc.
    unknown: Vec<usize>,
    /// Processes outside of the tree that may hold anything of the tree, and
    /// that we may not read.
    pub(crate) unseen: Vec<i32>,
    /// Those of them who are older than the tree, and may hold what is older
    /// still.
    pub(crate) elders: Vec<i32>,
    /// Threads that trace somebody outside of the tree.
    pub(crate) tracers: HashSet<i32>,
    /// Everybody outside.
    pub(crate) strangers: Strangers,
}

impl Holdings {
    pub(crate) fn read(proc: Proc, census: &Census) -> Self {
        let mut holdings = Self::default();
        let mut inside = HashSet::new();
        let mut reader = Reader::new(proc);
        for (place, process) in census.processes.iter().enumerate() {
            inside.insert(process.pid);
            let tasks = process.tasks.iter();
            let tids: Vec<i32> =
                tasks.map(|task| census.tasks[*task].tid).collect();
            let tables = reader.tables(&tids);
            if !tables.is_complete {
                holdings.unknown.push(place);
            }
            for (tid, list) in tables.read {
                holdings.add(Some(place), tid, &list);
                holdings.of.entry(place).or_default().push(tid);
                holdings.tables.insert(tid, list);
            }
        }
        holdings.find_descriptors_on_the_way(proc);
        let mut unreadable = Vec::new();
        let is_inside = |pid| inside.contains(&pid);
        let strangers = Strangers::look(&mut reader, proc, is_inside);
        for (pid, seen) in strangers.each() {
            if !seen.tables.is_complete {
                unreadable.push(*pid);
            }
            holdings.tracers.extend(seen.tracers());
            for (tid, list) in &seen.tables.read {
                holdings.leaders.insert(*tid, *pid);
                holdings.add(None, *tid, list);
            }
        }
        holdings.strangers = strangers;
        holdings.elders = unseen::elders(proc, census.root, &unreadable);
        holdings.unseen = unseen::who_may_hold(proc, census.root, &unreadable);
        holdings
    }

    fn add(&mut self, process: Option<usize>, tid: i32, list: &[Descriptor]) {
        for descriptor in list {
            if descriptor.text.starts_with("anon_inode:") {
                let place = (process, (tid, descriptor.fd));
                let text = descriptor.text.clone();
                self.anonymous.entry(text.to_string()).or_default().push(place);
            }
            if matches!(descriptor.object, Object::Anonymous | Object::Device) {
                continue;
            }
            let holding = Holding {
                process,
                pid: tid,
                fd: Some(descriptor.fd),
                is_readable: descriptor.is_readable,
                is_writable: descriptor.is_writable,
            };
            let object = descriptor.object;
            self.by_object.entry(object).or_default().push(holding);
        }
    }

    fn find_descriptors_on_the_way(&mut self, proc: Proc) {
        let receivers = self.receivers(proc, |_| true);
        self.unknown.extend(receivers);
    }

    /// The processes of the tree that could receive a descriptor from one of
    /// these sockets.
    fn receivers(
        &self,
        proc: Proc,
        is_meant: impl Fn(u64) -> bool,
    ) -> Vec<usize> {
        self.sockets()
            .filter(|(inode, _)| is_meant(*inode))
            .map(|(_, holders)| holders)
            .filter(|holders| has_descriptors(proc, holders))
            .flatten()
            .filter_map(|holder| holder.process)
            .collect()
    }

    /// Whether somebody outside has sent one to the tree meanwhile.
    pub(crate) fn has_new_on_the_way(
        &self,
        proc: Proc,
        is_meant: impl Fn(u64) -> bool,
    ) -> bool {
        let receivers = self.receivers(proc, is_meant);
        receivers.iter().any(|it| !self.unknown.contains(it))
    }

    /// The sockets of the tree, and the holders of each.
    fn sockets(&self) -> impl Iterator<Item = (u64, &Vec<Holding>)> {
        let is_of_tree = |it: &Holding| it.process.is_some();
        self.by_object.iter().filter_map(
            move |(object, holders)| match object {
                Object::Socket(inode) if holders.iter().any(is_of_tree) => {
                    Some((*inode, holders))
                }
                _ => None,
            },
        )
    }

    /// Whether somebody of the tree holds a socket.
    pub(crate) fn is_of_the_tree(&self, socket: u64) -> bool {
        let holders = self.by_object.get(&Object::Socket(socket));
        holders.is_some_and(|all| all.iter().any(|it| it.process.is_some()))
    }

    /// All who hold the same timer or the same epoll set. Where nobody may
    /// compare, all who hold one that looks the same.
    pub(crate) fn twins(
        &self,
        proc: Proc,
        place: Place,
        text: &str,
    ) -> Vec<Holding> {
        let looks = |place: Place| {
            let info = proc.info(place.0, place.1)?;
            // One of the flags is the descriptor's, not the file's.
            let is_meant = |line: &&str| !line.starts_with("flags:");
            Some(info.lines().filter(is_meant).collect::<String>())
        };
        let all = self.anonymous.get(text).map_or(&[][..], Vec::as_slice);
        let is_same = |other: Place| {
            let is_same = proc.is_same_file(place, other);
            is_same.or_else(|| Some(looks(other)? == looks(place)?))
        };
        let same = all.iter().filter(|(_, other)| {
            is_same(*other).unwrap_or_else(|| {
                // A stranger may have moved its descriptor since.
                let mut reader = Reader::new(proc);
                let pid = self.leader(other.0);
                has_twin(&mut reader, proc, pid, place, text)
            })
        });
        let same = same
            .map(|(process, (tid, fd))| Holding::whole(*process, *tid, *fd));
        same.chain(self.who_may_hold()).collect()
    }

    /// Whether a process has one of these, by its text.
    pub(crate) fn has(&self, process: usize, text: &str) -> bool {
        let all = self.anonymous.get(text);
        all.is_some_and(|all| all.iter().any(|it| it.0 == Some(process)))
    }

    /// Whether somebody of the tree may hold what is not seen.
    pub(crate) fn has_unread(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// Whether no descriptor of the tree could be read.
    pub(crate) fn is_blind(&self) -> bool {
        self.tables.is_empty()
    }

    /// The process of a thread through which a table was read.
    pub(crate) fn leader(&self, tid: i32) -> i32 {
        self.leaders.get(&tid).copied().unwrap_or(tid)
    }

    /// The thread through which the table of this one was read.
    pub(crate) fn reader(&self, process: usize, tid: i32) -> i32 {
        let tids = self.of.get(&process).map_or(&[][..], Vec::as_slice);
        match tids.contains(&tid) {
            true => tid,
            false => tids.first().copied().unwrap_or(tid),
        }
    }

    pub(crate) fn descriptor(
        &self,
        process: usize,
        tid: i32,
        fd: i32,
    ) -> Option<&Descriptor> {
        self.descriptors(process, tid).iter().find(|it| it.fd == fd)
    }

    /// Of a thread of the tree; empty if they could not be read.
    pub(crate) fn descriptors(
        &self,
        process: usize,
        tid: i32,
    ) -> &[Descriptor] {
        let table = self.tables.get(&self.reader(process, tid));
        table.map_or(&[], Vec::as_slice)
    }

    /// Who holds this end, and who may.
    pub(crate) fn holders(&self, object: &Object, end: End) -> Vec<Holding> {
        let known = self.by_object.get(object).map_or(&[][..], Vec::as_slice);
        let known = known.iter().filter(|holding| holding.has(end)).cloned();
        known.chain(self.who_may_hold()).collect()
    }

    fn who_may_hold(&self) -> impl Iterator<Item = Holding> {
        self.unknown.iter().map(|place| Holding {
            process: Some(*place),
            pid: 0,
            fd: None,
            is_readable: true,
            is_writable: true,
        })
    }
}

/// Whether descriptors wait in a socket to be received.
fn has_descriptors(proc: Proc, holders: &[Holding]) -> bool {
    // A stranger may have closed its own since.
    let first = holders.iter().find(|it| it.process.is_some());
    let info = first.and_then(|it| proc.info(it.pid, it.fd?));
    let count = info.as_deref().and_then(|it| parse::field(it, "scm_fds"));
    count.is_some_and(|count| count != "0")
}
