//! Processes and threads that are heard before their creator tells of them,
//! or whose creator was killed before it could.

use std::fs;
use std::io::Write;

use trace::What;

use crate::keeper::Keeper;
use crate::pending::PendingCall;
use crate::ptrace::{Stop, Tid, Usage};
use crate::table::Kind;
use crate::tree::Index;

/// So many reports are handled before /proc is asked for a newborn's family:
/// mostly its creator is among them.
const PATIENCE: u8 = 8;

/// A tracee that nobody has announced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newborn {
    /// Where it stands; `None` if it was killed before its first stop.
    stop: Option<Stop>,
    ended: Option<(i32, Usage)>,
    patience: u8,
}

/// Where a newborn belongs.
#[derive(Clone, Copy, Debug)]
struct Family {
    /// Its process, if it is a thread of another.
    process: Option<i32>,
    parent: Option<i32>,
}

impl Newborn {
    pub(crate) fn stopped(stop: Stop) -> Self {
        Self { stop: Some(stop), ended: None, patience: PATIENCE }
    }

    pub(crate) fn ended(status: i32, usage: Usage) -> Self {
        Self { stop: None, ended: Some((status, usage)), patience: 0 }
    }
}

impl Family {
    /// What proc_pid_status(5) knows of it; of one that is gone, nothing.
    fn of(tid: Tid) -> Self {
        let status = fs::read_to_string(format!("/proc/{tid}/status"));
        let status = status.unwrap_or_default();
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|text| text.trim().parse::<i32>().ok())
        };
        let process = number("Tgid:").filter(|pid| *pid != tid);
        Self { process, parent: number("PPid:") }
    }
}

impl<W: Write> Keeper<W> {
    pub(crate) fn tell_birth(
        &mut self,
        (maker, tid): (Index, Tid),
        (pid, since): (i32, Option<u64>),
        call: &str,
        flags: i32,
    ) -> Index {
        let child = self.tree.add_child(maker, pid, flags, since);
        let what = What::Create {
            call: call.to_owned(),
            child: Some(self.tree.process(child).who.clone()),
            child_pid: Some(pid),
            errno: None,
        };
        self.tell(maker, tid, what);
        child
    }

    /// A process has a new thread; nothing is told if it is known.
    ///
    /// # Arguments
    /// `maker`: the thread that created it, 0 if nobody knows.
    pub(crate) fn tell_thread(&mut self, process: Index, maker: Tid, tid: Tid) {
        if let Some(path) = self.tree.add_thread(process, maker, tid) {
            self.tell(process, tid, What::Thread { began: Some(path) });
        }
    }

    /// A tracee is known now; if it was heard before, that is told.
    pub(crate) fn welcome(&mut self, tid: Tid) {
        let Some(newborn) = self.newborn.remove(&tid) else { return };
        if let Some((status, usage)) = newborn.ended {
            self.reaped(tid, status, usage);
        } else if let Some(stop) = newborn.stop {
            self.goes_on_from(tid, stop);
        }
    }

    /// A thread ends. If it was killed in the call that creates a process,
    /// the kernel does not tell whether there is one now: /proc does.
    pub(crate) fn tell_last_births(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) {
        if call.row.kind != Kind::Create {
            return;
        }
        let pid = self.tree.process(index).pid;
        let list = format!("/proc/{pid}/task/{tid}/children");
        let list = fs::read_to_string(list).unwrap_or_default();
        let heard = self.newborn.keys().copied().filter(|tid| {
            let family = Family::of(*tid);
            family.process.is_none() && family.parent == Some(pid)
        });
        let heard: Vec<i32> = heard.collect();
        let listed = list.split_whitespace().filter_map(|it| it.parse().ok());
        let flags = call.clone_flags();
        for child in listed.chain(heard) {
            if self.tree.by_pid(child).is_none() {
                let (maker, name) = ((index, tid), call.row.name);
                self.tell_birth(maker, (child, None), name, flags);
                self.welcome(child);
            }
        }
    }

    /// Finds a place for those whose creator cannot tell of them any more.
    pub(crate) fn claim_strays(&mut self) {
        let creating = self.creating();
        let heard: Vec<Tid> = self.newborn.keys().copied().collect();
        for tid in heard {
            let newborn = self.newborn.get_mut(&tid).expect("just listed");
            if !creating.is_empty() && newborn.patience > 0 {
                newborn.patience -= 1;
                continue;
            }
            let family = Family::of(tid);
            if self.is_awaited(&creating, family) {
                continue;
            }
            let known = |pid: Option<i32>| self.tree.by_pid(pid?);
            if let Some(process) = known(family.process) {
                self.tell_thread(process, 0, tid);
            } else if family.parent.is_some() {
                let maker = known(family.parent).unwrap_or(0);
                let (birth, usual) = ((tid, None), libc::SIGCHLD);
                self.tell_birth((maker, tid), birth, "clone", usual);
            } else {
                // A thread that was killed before it did anything.
                self.newborn.remove(&tid);
            }
            self.welcome(tid);
        }
    }

    /// Who is in the middle of creating, with the flags of clone(2).
    fn creating(&self) -> Vec<(Index, i32)> {
        let threads = self.tree.tids().filter_map(|(_, thread)| {
            let call = thread.call.as_ref()?;
            let has_flags = call.row.name == "clone";
            let flags = if has_flags { call.arguments[0] } else { 0 };
            (call.row.kind == Kind::Create)
                .then_some((thread.process, flags as i32))
        });
        threads.collect()
    }

    /// Whether a living thread is about to tell of it.
    fn is_awaited(
        &mut self,
        creating: &[(Index, i32)],
        newborn: Family,
    ) -> bool {
        creating.iter().any(|(maker, flags)| {
            let is_sibling = flags & libc::CLONE_PARENT != 0;
            let maker = self.tree.process(*maker).pid;
            let is_maker = newborn.process.or(newborn.parent) == Some(maker);
            is_maker || is_sibling || newborn.parent.is_none()
        })
    }
}
