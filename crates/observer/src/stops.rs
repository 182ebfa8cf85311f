//! Signals arrive; processes stop and continue.

use std::io::Write;

use trace::What;

use crate::keeper::Keeper;
use crate::names;
use crate::ptrace::Tid;
use crate::sent::{Sent, is_out_of_cpu_time};
use crate::table::Kind;
use crate::tree::Index;

impl<W: Write> Keeper<W> {
    pub(crate) fn signal_arrives(&mut self, tid: Tid, signal: i32) {
        let Some(index) = self.tree.index_of(tid) else { return };
        if let Some(planner) = self.planner.as_mut() {
            planner.course(tid).wake();
        }
        let sent = Sent::of(tid);
        // It is the sender's own; one from an outer namespace sends as 0.
        let meant =
            |pid: Option<i32>| pid.and_then(|it| self.tree.meant_by(index, it));
        let sender = meant(sent.and_then(Sent::sender));
        // Behind its wait nobody knows the child any more; of another exit
        // signal (clone(2)) it is not known then either that it is one.
        let is_of_child = signal == libc::SIGCHLD
            || meant(sent.and_then(Sent::child)).is_some();
        let is_own = sender == Some(index);
        let sent = sent.filter(|it| !(is_own && it.is_for_own_write()));
        let sender = sender.filter(|_| sent.is_some());
        if let Some(sender) = sender {
            self.wait_for_sender(sender, tid);
        }
        let stops =
            [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
        self.tree.process(index).is_stopping |= stops.contains(&signal);
        let from = sender.map(|sender| self.tree.process(sender).who.clone());
        let what = What::Signal {
            signal: names::signal(signal),
            to: None,
            to_pid: None,
            code: sent
                .filter(|_| from.is_none())
                .map(|it| it.code(is_of_child)),
            from,
            arrived: true,
            errno: None,
        };
        self.tell(index, tid, what);
    }

    /// Its kill(2) may not have returned yet.
    fn wait_for_sender(&mut self, sender: Index, receiver: Tid) {
        let is_sending =
            |kind| matches!(kind, Kind::Kill { .. } | Kind::PidfdSignal);
        let tids: Vec<Tid> = self
            .tree
            .tids()
            .filter(|(_, thread)| thread.process == sender)
            .filter(|(_, thread)| {
                let call = thread.call.as_ref();
                call.is_some_and(|call| is_sending(call.row.kind))
            })
            .map(|(tid, _)| tid)
            .filter(|sender| *sender != receiver)
            .collect();
        tids.into_iter().for_each(|tid| self.order.wait_for(tid));
    }

    /// No tracer hears of a SIGKILL: where the kernel must have sent the one
    /// that ends a process, that is told.
    pub(crate) fn tell_last_signal(&mut self, index: Index, status: i32) {
        let pid = self.tree.process(index).pid;
        let is_killed = libc::WIFSIGNALED(status)
            && libc::WTERMSIG(status) == libc::SIGKILL;
        if self.is_over || !is_killed || !is_out_of_cpu_time(pid) {
            return;
        }
        let what = What::Signal {
            signal: names::signal(libc::SIGKILL),
            to: None,
            to_pid: None,
            from: None,
            arrived: true,
            code: Some("SI_KERNEL".to_owned()),
            errno: None,
        };
        self.tell(index, pid, what);
    }

    /// A thread stands in a group stop. All others of its process do, too,
    /// and a slow one may tell of a stop that is over: only the first after
    /// the stopping signal counts.
    pub(crate) fn group_stopped(&mut self, tid: Tid, signal: i32) {
        let Some(thread) = self.tree.thread(tid) else { return };
        thread.is_new = false;
        let index = thread.process;
        self.has_stopped(index, tid, names::signal(signal));
    }

    /// A process has stopped; told once, by whoever comes first with it.
    pub(crate) fn has_stopped(
        &mut self,
        index: Index,
        tid: Tid,
        signal: String,
    ) {
        if std::mem::take(&mut self.tree.process(index).is_stopping) {
            self.continues(index, tid);
            self.tree.process(index).is_stopped = true;
            self.tell(index, tid, What::Stop { signal });
        }
    }

    /// A thread's first stop, or the end of a group stop; whether it is the
    /// first.
    pub(crate) fn attached(&mut self, tid: Tid) -> bool {
        let Some(thread) = self.tree.thread(tid) else { return false };
        let index = thread.process;
        let is_first = std::mem::take(&mut thread.is_new);
        if !is_first {
            self.continues(index, tid);
        }
        is_first
    }

    fn continues(&mut self, index: Index, tid: Tid) {
        if std::mem::take(&mut self.tree.process(index).is_stopped) {
            self.tell(index, tid, What::Continue);
        }
    }
}
