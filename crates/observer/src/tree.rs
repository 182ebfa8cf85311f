//! The processes of a run, and their threads.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use trace::{Ending, Who};

use crate::by_number::ByNumber;
use crate::descriptors::Descriptors;
use crate::namespace::{InnerIds, Namespaces};
use crate::pending::PendingCall;
use crate::proc_stat::{is_elsewhere, start_time, tick};
use crate::ptrace::Tid;
use crate::table::Kind;
use crate::zombies::{ChildrenEnd, ExitSignal};

/// The place of a process in the tree; never given twice.
pub(crate) type Index = usize;

/// One process, from its creation to the end of the run.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) who: Who,
    pub(crate) pid: i32,
    pub(crate) start: u64,
    pub(crate) name: String,
    /// `None` is the keeper, or somebody else outside of the run.
    pub(crate) parent: Option<Index>,
    /// Those that nobody has collected yet.
    children: BTreeSet<Index>,
    /// Shared only by processes that clone made with `CLONE_FILES`.
    pub(crate) descriptors: Rc<RefCell<Descriptors>>,
    pub(crate) created: u32,
    pub(crate) threads: u32,
    pub(crate) ended: Option<Ending>,
    /// Whether it has ended, and its tracer has let it go: it is its parent's
    /// to collect.
    pub(crate) is_zombie: bool,
    pub(crate) is_stopped: bool,
    /// Whether a stopping signal was delivered whose stop is not told yet.
    pub(crate) is_stopping: bool,
    pub(crate) is_subreaper: bool,
    /// Shared by processes that clone made with `CLONE_SIGHAND`.
    pub(crate) children_end: Rc<Cell<ChildrenEnd>>,
    pub(crate) exit_signal: ExitSignal,
    /// How many programs it has executed, as far as its children care.
    pub(crate) programs: u32,
    /// Whether a parent that wanted no zombies ended while it did.
    pub(crate) is_unwanted: bool,
    /// Whether a path may lead it elsewhere than the keeper.
    pub(crate) is_elsewhere: bool,
    pub(crate) inner: InnerIds,
    /// Whether its children may live in another PID namespace than itself.
    pub(crate) is_parting: bool,
}

/// One thread: what it is doing.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) process: Index,
    pub(crate) call: Option<PendingCall>,
    /// The call that restart_syscall(2) would go on with.
    pub(crate) interrupted: Option<PendingCall>,
    /// Whether its first stop, which says nothing, is still to come.
    pub(crate) is_new: bool,
    /// Whether its last call was clone3(2), which was not made.
    pub(crate) is_without_clone3: bool,
    /// Where it comes from, `2.1`; empty for a process's first thread.
    path: String,
    /// How many threads it has created.
    created: u32,
}

impl Thread {
    fn of(process: Index) -> Self {
        Self {
            process,
            call: None,
            interrupted: None,
            is_new: true,
            is_without_clone3: false,
            path: String::new(),
            created: 0,
        }
    }
}

/// All that is known of the run's processes.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The first, and all that nobody has collected: a run of a million
    /// processes needs no more memory than its largest moment.
    processes: ByNumber<Index, Process>,
    created: usize,
    threads: ByNumber<Tid, Thread>,
    /// The process that has a pid now; a zombie keeps its pid.
    by_pid: ByNumber<i32, Index>,
    namespaces: Namespaces,
}

impl Tree {
    pub(crate) fn add_first(&mut self, pid: i32, name: &str) -> Index {
        let mut descriptors = Descriptors::of(pid);
        // These are the keeper's: what came from elsewhere has survived the
        // exec that made the keeper.
        descriptors.close_on_exec();
        let descriptors = Rc::new(RefCell::new(descriptors));
        let (who, start) = (Who::first(), start_time(pid));
        let name = name.to_owned();
        let index = self.add(who, (pid, start), name, None, descriptors);
        self.process(index).is_elsewhere = is_elsewhere(pid);
        // It was seized while it ran.
        self.threads.insert(pid, Thread { is_new: false, ..Thread::of(index) });
        index
    }

    /// The child that `maker` has created; `flags` as clone(2) has them,
    /// `since` the tick at which the call was entered.
    pub(crate) fn add_child(
        &mut self,
        maker: Index,
        pid: i32,
        flags: i32,
        since: Option<u64>,
    ) -> Index {
        let creator = self.process(maker);
        creator.created += 1;
        let descriptors = if flags & libc::CLONE_FILES != 0 {
            creator.descriptors.borrow_mut().is_in_doubt = true;
            Rc::clone(&creator.descriptors)
        } else {
            Rc::new(RefCell::new(creator.descriptors.borrow().clone()))
        };
        // Who shares its root directory may change it for both.
        creator.is_elsewhere |= flags & libc::CLONE_FS != 0;
        let is_elsewhere =
            creator.is_elsewhere || flags & libc::CLONE_NEWNS != 0;
        let children_end = if flags & libc::CLONE_SIGHAND != 0 {
            Rc::clone(&creator.children_end)
        } else {
            Rc::new(Cell::clone(&creator.children_end))
        };
        let exit_signal = creator.gives_exit_signal(flags);
        let is_sibling = flags & libc::CLONE_PARENT != 0;
        let parent = if is_sibling { creator.parent } else { Some(maker) };
        let who = creator.who.child(creator.created);
        let name = creator.name.clone();
        // Begun within one tick, it began at that tick: /proc, which is slow
        // for a new process, need not be asked.
        let start = since.filter(|since| *since == tick());
        let start = start.unwrap_or_else(|| start_time(pid));
        let index = self.add(who, (pid, start), name, parent, descriptors);
        let child = self.process(index);
        child.is_elsewhere = is_elsewhere;
        child.children_end = children_end;
        child.exit_signal = exit_signal;
        self.find_inner_ids(maker, index, flags);
        index
    }

    fn find_inner_ids(&mut self, maker: Index, child: Index, flags: i32) {
        let creator = &self.processes[&maker];
        let is_apart = creator.is_parting
            || creator.inner.depth() > 0
            || flags & libc::CLONE_NEWPID != 0;
        if is_apart {
            let pid = self.processes[&child].pid;
            let ids = InnerIds::of(pid, &creator.inner, &self.namespaces);
            self.namespaces.add(child, &ids);
            self.process(child).inner = ids;
        }
    }

    fn add(
        &mut self,
        who: Who,
        (pid, start): (i32, u64),
        name: String,
        parent: Option<Index>,
        descriptors: Rc<RefCell<Descriptors>>,
    ) -> Index {
        let index = self.created;
        self.created += 1;
        self.by_pid.insert(pid, index);
        self.threads.insert(pid, Thread::of(index));
        if let Some(parent) = parent {
            self.process(parent).children.insert(index);
        }
        let process = Process {
            who,
            pid,
            start,
            name,
            parent,
            children: BTreeSet::new(),
            descriptors,
            created: 0,
            threads: 1,
            ended: None,
            is_zombie: false,
            is_stopped: false,
            is_stopping: false,
            is_subreaper: false,
            children_end: Rc::default(),
            exit_signal: ExitSignal::USUAL,
            programs: 0,
            is_unwanted: false,
            is_elsewhere: false,
            inner: InnerIds::default(),
            is_parting: false,
        };
        self.processes.insert(index, process);
        index
    }

    /// A process has a new thread.
    ///
    /// # Returns
    /// The path of its creation; `None` if it was known.
    pub(crate) fn add_thread(
        &mut self,
        process: Index,
        maker: Tid,
        tid: Tid,
    ) -> Option<String> {
        if self.threads.contains_key(&tid) {
            return None;
        }
        let owner = self.process(process);
        owner.threads += 1;
        // What one thread opens while another one forks, execs or dies has
        // no order that a tracer sees.
        owner.descriptors.borrow_mut().is_in_doubt = true;
        let path = match self.threads.get_mut(&maker) {
            Some(maker) => {
                maker.created += 1;
                let dot = if maker.path.is_empty() { "" } else { "." };
                format!("{}{dot}{}", maker.path, maker.created)
            }
            None => "0".to_owned(), // whose maker was killed meanwhile
        };
        let thread = Thread { path: path.clone(), ..Thread::of(process) };
        self.threads.insert(tid, thread);
        Some(path)
    }

    pub(crate) fn thread(&mut self, tid: Tid) -> Option<&mut Thread> {
        self.threads.get_mut(&tid)
    }

    /// One that may be collected.
    pub(crate) fn get(&mut self, index: Index) -> Option<&mut Process> {
        self.processes.get_mut(&index)
    }

    /// One that is not collected yet.
    pub(crate) fn process(&mut self, index: Index) -> &mut Process {
        self.processes.get_mut(&index).expect("it is not collected yet")
    }

    /// The id by which the keeper knows one; `None` if it is collected.
    pub(crate) fn pid_of(&self, index: Index) -> Option<i32> {
        self.processes.get(&index).map(|process| process.pid)
    }

    pub(crate) fn index_of(&self, tid: Tid) -> Option<Index> {
        self.threads.get(&tid).map(|thread| thread.process)
    }

    pub(crate) fn by_pid(&self, pid: i32) -> Option<Index> {
        self.by_pid.get(&pid).copied()
    }

    /// Whom a process means by an id.
    pub(crate) fn meant_by(&self, process: Index, pid: i32) -> Option<Index> {
        match self.processes.get(&process)?.inner.own() {
            Some(own) => self.namespaces.find(own, pid),
            None => self.by_pid(pid),
        }
    }

    /// How many processes there have been.
    pub(crate) fn created(&self) -> usize {
        self.created
    }

    /// Who lives, with its pid.
    pub(crate) fn living(&self) -> Vec<(Index, i32)> {
        let all = self.processes.iter();
        let living = all.filter(|(_, process)| process.ended.is_none());
        living.map(|(index, process)| (*index, process.pid)).collect()
    }

    /// The pids of all that nobody has collected.
    pub(crate) fn pids(&self) -> impl Iterator<Item = i32> {
        self.by_pid.keys().copied()
    }

    /// How many threads there are now, the first of each process included.
    pub(crate) fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Whether a thread is the only one of its process. None that is not
    /// known yet can have done anything: it stands at its first stop.
    pub(crate) fn is_alone(&self, tid: Tid) -> bool {
        let index = self.index_of(tid);
        let process = index.and_then(|index| self.processes.get(&index));
        process.is_some_and(|process| process.threads == 1)
    }

    pub(crate) fn tids(&self) -> impl Iterator<Item = (Tid, &Thread)> {
        self.threads.iter().map(|(tid, thread)| (*tid, thread))
    }

    /// exec(2) in a thread: all other threads are gone, and the one that
    /// called has the process's id now.
    ///
    /// # Returns
    /// The ids that are gone, the former one of the caller among them.
    pub(crate) fn unite(&mut self, pid: i32, process: Index) -> Vec<Tid> {
        let mut gone = Vec::new();
        self.threads.retain(|tid, thread| {
            let is_other = thread.process == process;
            if is_other && *tid != pid {
                gone.push(*tid);
            }
            !is_other
        });
        gone.sort_unstable();
        let thread = Thread { is_new: false, ..Thread::of(process) };
        self.threads.insert(pid, thread);
        self.process(process).threads = 1;
        gone
    }

    /// Who speaks by the id of a process whose first thread has ended, while
    /// the process lives: its thread in exec(2).
    pub(crate) fn successor(&self, pid: i32) -> Option<(Index, Tid)> {
        if self.threads.contains_key(&pid) {
            return None;
        }
        let index = self.by_pid(pid)?;
        let is_alive = self.processes[&index].ended.is_none();
        let is_executing = |thread: &Thread| {
            let call = thread.call.as_ref();
            call.is_some_and(|it| matches!(it.row.kind, Kind::Exec { .. }))
        };
        let mut own = self.threads.iter().filter(|(_, it)| it.process == index);
        let (tid, _) = own.find(|(_, it)| is_executing(it))?;
        is_alive.then_some((index, *tid))
    }

    /// What `flags` name, as for unshare(2), is its own from now on.
    pub(crate) fn unshare(&mut self, index: Index, flags: i32) {
        let process = self.process(index);
        process.is_elsewhere |= flags & libc::CLONE_NEWNS != 0;
        process.is_parting |= flags & libc::CLONE_NEWPID != 0;
        if flags & libc::CLONE_FILES == 0 {
            return;
        }
        let own = process.descriptors.borrow().clone();
        process.descriptors = Rc::new(RefCell::new(own));
    }

    /// Every thread that is in a call, and the call.
    pub(crate) fn calls(&self) -> Vec<(Tid, Index, PendingCall)> {
        let threads = self.threads.iter();
        threads
            .filter_map(|(tid, it)| Some((*tid, it.process, it.call.clone()?)))
            .filter(|(_, _, call)| call.answer.is_none())
            .collect()
    }

    /// A thread has ended; whether it was its process's last.
    pub(crate) fn end_thread(&mut self, tid: Tid) -> Option<(Index, bool)> {
        let thread = self.threads.remove(&tid)?;
        let process = self.process(thread.process);
        process.threads = process.threads.saturating_sub(1);
        Some((thread.process, process.threads == 0))
    }

    /// Its parent has collected it: its pid may be used again, and nothing
    /// more will be told of it.
    pub(crate) fn reap(&mut self, index: Index) {
        let Some(process) = self.processes.get(&index) else { return };
        let (pid, parent) = (process.pid, process.parent);
        if self.by_pid.get(&pid) == Some(&index) {
            self.by_pid.remove(&pid);
        }
        if let Some(parent) = parent {
            self.process(parent).children.remove(&index);
        }
        // How the first has ended is asked at the end of the run.
        if index != 0
            && let Some(process) = self.processes.remove(&index)
        {
            self.namespaces.remove(index, &process.inner);
        }
    }

    /// The children that have ended, and are not known to be collected.
    pub(crate) fn zombies_of(&self, index: Index) -> Vec<Index> {
        let children = self.processes[&index].children.iter().copied();
        children.filter(|it| self.processes[it].ended.is_some()).collect()
    }

    /// The children of a process that has ended, with their new parent: the
    /// nearest living subreaper of the run, the first process of their PID
    /// namespace, or nobody in it.
    pub(crate) fn adopt_children_of(
        &mut self,
        index: Index,
    ) -> (Vec<Index>, Option<Index>) {
        // Nobody needs its descriptors any more.
        let process = self.process(index);
        process.descriptors = Rc::default();
        let children = std::mem::take(&mut process.children);
        if process.inner.is_init() {
            // The kernel kills and collects all that live in its namespace.
            for child in children {
                self.process(child).parent = None;
            }
            return (Vec::new(), None);
        }
        let heir = self.heir_of(index);
        let orphans: Vec<Index> = children
            .into_iter()
            .filter(|child| self.processes[child].is_there())
            .collect();
        let (unwanted, orphans): (Vec<Index>, Vec<Index>) = orphans
            .into_iter()
            .partition(|orphan| self.is_collected_at_once(heir, *orphan));
        for zombie in unwanted {
            self.reap(zombie);
        }
        for orphan in &orphans {
            let is_unwanted = self.is_unwanted(*orphan);
            let process = self.process(*orphan);
            process.is_unwanted = is_unwanted && process.ended.is_some();
            process.parent = heir;
            process.exit_signal.number = libc::SIGCHLD;
            if let Some(heir) = heir {
                self.process(heir).children.insert(*orphan);
            }
        }
        (orphans, heir)
    }

    /// Who becomes the parent of a process's children; no subreaper outside
    /// of its PID namespace does.
    fn heir_of(&self, index: Index) -> Option<Index> {
        let process = &self.processes[&index];
        let depth = process.inner.depth();
        let mut above = process.parent;
        while let Some(heir) = above {
            let process = &self.processes[&heir];
            if process.inner.depth() != depth {
                break;
            }
            if process.is_subreaper && process.ended.is_none() {
                return above;
            }
            above = process.parent;
        }
        self.namespaces.find(process.inner.own()?, 1)
    }
}

impl Process {
    /// Whether it lives or is a zombie. A parent that ignores SIGCHLD has its
    /// children collected by the kernel, and nobody tells.
    fn is_there(&self) -> bool {
        self.ended.is_none() || start_time(self.pid) == self.start
    }
}
