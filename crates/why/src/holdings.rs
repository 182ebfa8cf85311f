//! Who holds what: the descriptors of the tree and of everybody else whom we
//! may read.

use std::collections::{HashMap, HashSet};

use crate::census::Census;
use crate::parse;
use crate::proc::{Descriptor, Object, Proc};
use crate::tables::Tables;

/// A descriptor, and whose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Holding {
    /// Place in the census; `None` is outside of the tree.
    pub(crate) process: Option<usize>,
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
}

/// All descriptors, by process and by object. Each process is read once.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    of: HashMap<usize, Vec<Descriptor>>,
    by_object: HashMap<Object, Vec<Holding>>,
    /// Eventfds: their numbers stand in `fdinfo` alone.
    events: Vec<(Option<usize>, i32, i32)>,
    /// Processes of the tree that may hold anything: we may not read what
    /// they hold, or a socket of theirs has descriptors on the way
    /// (`SCM_RIGHTS`), which have no other place in /proc.
    unknown: Vec<usize>,
}

impl Holdings {
    /// A process outside of the tree which we may not read is another
    /// user's. It can hold an object of this tree only if it inherited or
    /// was sent a descriptor. An object that has no holder left at all shows
    /// that there is such a process; one beside visible holders stays unseen.
    pub(crate) fn read(proc: Proc, census: &Census) -> Self {
        let mut holdings = Self::default();
        let mut inside = HashSet::new();
        let mut tables = Tables::new(proc);
        for (place, process) in census.processes.iter().enumerate() {
            inside.insert(process.pid);
            if !census.is_alive(place) {
                continue;
            }
            // The first thread may have ended before the others.
            let task = &census.tasks[process.tasks[0]];
            let descriptors = tables.read(task.tid);
            match descriptors {
                Some(list) => holdings.add(Some(place), process.pid, list),
                None => holdings.unknown.push(place),
            }
        }
        holdings.find_descriptors_on_the_way(proc, census);
        for pid in proc.pids() {
            if !inside.contains(&pid)
                && let Some(list) = tables.read(pid)
            {
                holdings.add(None, pid, list);
            }
        }
        holdings
    }

    fn add(&mut self, process: Option<usize>, pid: i32, list: Vec<Descriptor>) {
        for descriptor in &list {
            if descriptor.text == "anon_inode:[eventfd]" {
                self.events.push((process, pid, descriptor.fd));
            }
            if matches!(descriptor.object, Object::Anonymous | Object::Device) {
                continue;
            }
            let holding = Holding {
                process,
                pid,
                fd: Some(descriptor.fd),
                is_readable: descriptor.is_readable,
                is_writable: descriptor.is_writable,
            };
            let object = descriptor.object.clone();
            self.by_object.entry(object).or_default().push(holding);
        }
        if let Some(place) = process {
            self.of.insert(place, list);
        }
    }

    fn find_descriptors_on_the_way(&mut self, proc: Proc, census: &Census) {
        let is_socket = |object: &&Object| matches!(object, Object::Socket(_));
        let sockets: Vec<&Object> =
            self.by_object.keys().filter(is_socket).collect();
        let mut receivers = Vec::new();
        for socket in sockets {
            let holders = &self.by_object[socket];
            let first = holders.first();
            let info = first.and_then(|it| {
                let task =
                    &census.tasks[census.processes[it.process?].tasks[0]];
                proc.info(task.tid, it.fd?)
            });
            let info = info.unwrap_or_default();
            let count = parse::field(&info, "scm_fds");
            if count.is_some_and(|count| count.trim() != "0") {
                receivers.extend(holders.iter().filter_map(|it| it.process));
            }
        }
        self.unknown.extend(receivers);
    }

    /// Tells the eventfds apart.
    pub(crate) fn find_events(&mut self, proc: Proc) {
        for (process, pid, fd) in std::mem::take(&mut self.events) {
            let info = proc.info(pid, fd).unwrap_or_default();
            let id = parse::field(&info, "eventfd-id");
            let Some(id) = id.and_then(|id| id.parse().ok()) else { continue };
            let holding = Holding::whole(process, pid, fd);
            let object = Object::Event(id);
            self.by_object.entry(object).or_default().push(holding);
        }
    }

    pub(crate) fn descriptor(
        &self,
        process: usize,
        fd: i32,
    ) -> Option<&Descriptor> {
        self.of.get(&process)?.iter().find(|it| it.fd == fd)
    }

    /// Of a process of the tree; empty if they could not be read.
    pub(crate) fn descriptors(&self, process: usize) -> &[Descriptor] {
        self.of.get(&process).map_or(&[], Vec::as_slice)
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
