//! PID namespaces (pid_namespaces(7)): the ids by which processes of a run
//! know each other, where they are not those that the keeper sees.
//!
//! Only a process that may live in a namespace of its own is asked for them:
//! one whose creator does, or has asked for one.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::tree::Index;

/// What a process is called in one namespace.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct InnerId {
    /// The namespace, as its inode; 0 is one that nobody of the run has made.
    namespace: u64,
    pub(crate) pid: i32,
}

/// The ids of one process in the namespaces below the keeper's, its own last;
/// empty for one that lives where the keeper does.
#[derive(Clone, Debug, Default)]
pub(crate) struct InnerIds(Vec<InnerId>);

impl InnerIds {
    /// Asks /proc for those of a new process; its creator's tell which
    /// namespaces are around its own.
    pub(crate) fn of(pid: i32, maker: &Self, known: &Namespaces) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status"));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|it| it.strip_prefix("NSpid:"));
        let pids: Vec<i32> = line
            .into_iter()
            .flat_map(str::split_whitespace)
            .skip(1) // the one that the keeper sees
            .filter_map(|pid| pid.parse().ok())
            .collect();
        if pids.is_empty() {
            return Self::default();
        }
        let own = fs::metadata(format!("/proc/{pid}/ns/pid"));
        let own = own.map_or(0, |it| it.ino());
        let around = known.around.get(&own).cloned();
        let around = around.unwrap_or_else(|| maker.namespaces());
        let is_own = |depth: usize| depth + 1 == pids.len();
        let namespace = |depth: usize| match is_own(depth) {
            true => own,
            false => around.get(depth).copied().unwrap_or(0),
        };
        let ids = pids.iter().enumerate().map(|(depth, pid)| InnerId {
            namespace: namespace(depth),
            pid: *pid,
        });
        Self(ids.collect())
    }

    fn namespaces(&self) -> Vec<u64> {
        self.0.iter().map(|id| id.namespace).collect()
    }

    /// What it is called where it lives.
    pub(crate) fn own(&self) -> Option<InnerId> {
        self.0.last().copied()
    }

    /// How many namespaces lie between it and the keeper.
    pub(crate) fn depth(&self) -> usize {
        self.0.len()
    }

    /// Whether its namespace ends with it.
    pub(crate) fn is_init(&self) -> bool {
        self.own().is_some_and(|id| id.pid == 1)
    }
}

/// The namespaces of a run, and who has which id there.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    by_id: HashMap<InnerId, Index>,
    /// By namespace: those around it, outermost first, itself last.
    around: HashMap<u64, Vec<u64>>,
}

impl Namespaces {
    pub(crate) fn add(&mut self, index: Index, ids: &InnerIds) {
        self.by_id.extend(ids.0.iter().map(|id| (*id, index)));
        if let Some(own) = ids.own() {
            let around = || ids.namespaces();
            self.around.entry(own.namespace).or_insert_with(around);
        }
    }

    pub(crate) fn remove(&mut self, index: Index, ids: &InnerIds) {
        for id in &ids.0 {
            if self.by_id.get(id) == Some(&index) {
                self.by_id.remove(id);
            }
        }
        // The inode may be used again.
        if let Some(own) = ids.own().filter(|_| ids.is_init()) {
            self.around.remove(&own.namespace);
        }
    }

    /// Who has that id where the owner of `own` lives.
    pub(crate) fn find(&self, own: InnerId, pid: i32) -> Option<Index> {
        self.by_id.get(&InnerId { pid, ..own }).copied()
    }
}
