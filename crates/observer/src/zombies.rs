//! What becomes of children that have ended: zombies until somebody waits for
//! them, or nothing.

use std::io::Write;

use trace::What;

use crate::keeper::Keeper;
use crate::newborn::Newborn;
use crate::ptrace::{Tid, Usage};
use crate::tree::{Index, Process, Tree};

/// What becomes of a process's children when they end: what SIGCHLD does to
/// it (sigaction(2)).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum ChildrenEnd {
    /// They are zombies until it waits for them.
    #[default]
    AsZombies,
    /// The kernel collects them, as it ignores the signal.
    Ignored,
    /// The kernel collects them (`SA_NOCLDWAIT`), until it executes another
    /// program.
    WithoutWait,
}

/// The signal that tells a parent of its child's end (clone(2)). Whoever sends
/// another than SIGCHLD, or none, becomes a zombie whatever the parent wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExitSignal {
    pub(crate) number: i32,
    /// How many programs its parent had executed when it was created: to
    /// another program the kernel sends SIGCHLD.
    pub(crate) program: u32,
}

impl ExitSignal {
    pub(crate) const USUAL: Self = Self { number: libc::SIGCHLD, program: 0 };
}

impl Process {
    /// The exit signal of a child that clone(2) makes with these flags.
    pub(crate) fn gives_exit_signal(&self, flags: i32) -> ExitSignal {
        const CSIGNAL: i32 = 0xff;
        if flags & libc::CLONE_PARENT != 0 {
            return self.exit_signal;
        }
        ExitSignal { number: flags & CSIGNAL, program: self.programs }
    }

    /// Whether the kernel collects its children by itself.
    fn wants_no_zombies(&self) -> bool {
        self.children_end.get() != ChildrenEnd::AsZombies
    }

    /// Whether the kernel collects a child with this signal by itself.
    fn wants_no_zombie(&self, sent: ExitSignal) -> bool {
        let is_usual =
            sent.number == libc::SIGCHLD || sent.program != self.programs;
        is_usual && self.wants_no_zombies()
    }
}

impl Tree {
    /// Whether the kernel would collect it for its parent, had it ended.
    pub(crate) fn is_unwanted(&mut self, index: Index) -> bool {
        let Some(child) = self.get(index) else { return false };
        let (parent, signal) = (child.parent, child.exit_signal);
        let parent = parent.and_then(|parent| self.get(parent));
        parent.is_some_and(|parent| parent.wants_no_zombie(signal))
    }

    /// Whether a zombie goes when it is handed to that process: an orphan
    /// sends SIGCHLD.
    pub(crate) fn is_collected_at_once(
        &mut self,
        heir: Option<Index>,
        orphan: Index,
    ) -> bool {
        let is_zombie = self.get(orphan).is_some_and(|it| it.is_zombie);
        let heir = heir.and_then(|heir| self.get(heir));
        is_zombie && heir.is_some_and(|heir| heir.wants_no_zombies())
    }
}

impl<W: Write> Keeper<W> {
    /// A thread is gone. Of a process whose parent lives this is told when
    /// it becomes a zombie, and once more if the keeper inherits the zombie.
    pub(crate) fn reaped(&mut self, tid: Tid, status: i32, usage: Usage) {
        self.takes_over(tid);
        let known = self.tree.index_of(tid);
        self.gone(tid, status);
        let Some(index) = self.leaving.remove(&tid).or(known) else {
            match self.tree.by_pid(tid) {
                Some(index) => self.tree.reap(index),
                None => {
                    let newborn = Newborn::ended(status, usage);
                    self.newborn.insert(tid, newborn);
                }
            }
            return;
        };
        let process = self.tree.get(index).filter(|it| it.pid == tid);
        let Some(process) = process else { return };
        let (parent, is_unwanted) = (process.parent, process.is_unwanted);
        // What its parent wants is asked when its tracer lets it go, which is
        // now.
        let collected = is_unwanted || self.tree.is_unwanted(index);
        let is_gone = parent.is_none() || collected;
        self.spent_us += usage.user_us + usage.system_us;
        let what = What::Cpu {
            user_us: usage.user_us,
            system_us: usage.system_us,
            voluntary: usage.voluntary,
            involuntary: usage.involuntary,
            collected,
        };
        self.tell(index, tid, what);
        if is_gone {
            self.tree.reap(index);
        } else {
            self.tree.process(index).is_zombie = true;
        }
    }
}
