//! Programs are executed: by a process's first thread, or by another one,
//! which becomes the first.

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;

use trace::What;

use crate::filter::NATIVE;
use crate::keeper::Keeper;
use crate::names;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, architecture, event_message};
use crate::tree::Index;
use crate::zombies::ChildrenEnd;

impl<W: Write> Keeper<W> {
    pub(crate) fn executed(&mut self, pid: Tid) {
        let former = if self.tree.is_alone(pid) {
            pid
        } else {
            event_message(pid).map_or(pid, |tid| tid as Tid)
        };
        let Some(index) =
            self.tree.index_of(former).or_else(|| self.tree.by_pid(pid))
        else {
            return;
        };
        let call = self.unites(index, pid, former);
        self.plan_exec(index, pid);
        if let Some(call) = call {
            self.new_program(index, pid, call);
        }
        // Its numbers mean other calls: the filter refuses them all.
        if architecture(pid).is_ok_and(|it| it != NATIVE) {
            let call = "every call of its architecture".to_owned();
            let errno = "ENOSYS".to_owned();
            self.tell(index, pid, What::Refuse { call, errno, reaches: None });
        }
    }

    /// A thread has become its process's first, and the only one; the call
    /// that it was in.
    fn unites(
        &mut self,
        index: Index,
        pid: Tid,
        former: Tid,
    ) -> Option<PendingCall> {
        let call = self.tree.thread(former).and_then(|it| it.call.take());
        for tid in self.tree.unite(pid, index) {
            self.tell(index, tid, What::Thread { began: None });
            if tid != former {
                self.leaving.insert(tid, index);
            }
        }
        self.leaving.remove(&pid);
        call
    }

    /// A thread that executes a program has its process's id before it tells
    /// so, and may be killed in between: the id is no new process's.
    pub(crate) fn takes_over(&mut self, pid: Tid) {
        let Some((index, former)) = self.tree.successor(pid) else { return };
        let call = self.unites(index, pid, former);
        if let Some(thread) = self.tree.thread(pid) {
            thread.call = call;
        }
    }

    /// A new program runs.
    fn new_program(&mut self, index: Index, pid: Tid, call: PendingCall) {
        self.tree.unshare(index, libc::CLONE_FILES); // exec(2) does
        let process = self.tree.process(index);
        process.exit_signal.number = libc::SIGCHLD;
        process.programs = process.programs.wrapping_add(1);
        // From here on they are its own, whoever shared them.
        let children_end = match process.children_end.get() {
            ChildrenEnd::WithoutWait => ChildrenEnd::AsZombies,
            other => other,
        };
        process.children_end = Rc::new(Cell::new(children_end));
        let mut descriptors = process.descriptors.borrow_mut();
        let mut closed = descriptors.close_on_exec();
        if descriptors.is_in_doubt {
            closed.extend(descriptors.agree_with_kernel(pid));
        }
        let kept = descriptors.held();
        drop(descriptors);
        let rights = &mut self.rights;
        let withheld = rights.withheld(pid, &call.text, process.is_elsewhere);
        let withheld = withheld.map(str::to_owned);
        let file = call.text.rsplit('/').next().unwrap_or_default();
        process.name = file.chars().take(15).collect();
        let what = What::Exec {
            ok: true,
            path: call.text,
            args: call.texts,
            kept,
            withheld,
            errno: None,
        };
        self.tell(index, pid, what);
        for (fd, closed) in closed {
            let object = closed.object.to_string();
            self.tell(index, pid, What::Close { fd, object, by_exec: true });
        }
    }

    pub(crate) fn exec_failed(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let what = What::Exec {
            ok: false,
            path: call.text.clone(),
            args: call.texts.clone(),
            kept: Vec::new(),
            withheld: None,
            errno: names::errno(value),
        };
        self.tell(index, tid, what);
    }
}
