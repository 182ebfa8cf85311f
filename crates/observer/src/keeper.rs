//! The keeper: one single-threaded process that seizes the first process of
//! a run, follows all that come of it, and tells what they do.

use std::collections::HashMap;
use std::io::Write;
use std::rc::Rc;
use std::time::Instant;

use nix::errno::Errno;
use nix::sched::sched_yield;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use trace::{Ending, Event, What};

use crate::belongings::Belongings;
use crate::by_number::ByNumber;
use crate::ceiling::{Ceilings, Reason};
use crate::forbidden::is_only_checked;
use crate::names;
use crate::newborn::Newborn;
use crate::order::Order;
use crate::pending::PendingCall;
use crate::plan_calls::row_of;
use crate::plan_state::{Entry, Planner};
use crate::privilege::Rights;
use crate::ptrace::{
    CallInfo, Report, Resume, Stop, Tid, call_info, event_message,
    exit_message, is_killed,
};
use crate::registers::set_result;
use crate::table::Kind;
use crate::tree::{Index, Tree};
use crate::turns::Turns;

/// A run under observation.
#[derive(Debug)]
pub(crate) struct Keeper<W: Write> {
    pub(crate) tree: Tree,
    pub(crate) order: Order<W>,
    /// The two sockets of a pair: bytes written to one are read from the
    /// other.
    pub(crate) peers: HashMap<Rc<str>, Rc<str>>,
    /// Tracees that were heard before their creation was told.
    pub(crate) newborn: ByNumber<Tid, Newborn>,
    /// Threads that have told their end and are not reaped yet.
    pub(crate) leaving: ByNumber<Tid, Index>,
    /// What the run's standard output and error name.
    pub(crate) outputs: Vec<Rc<str>>,
    /// Bytes written there so far.
    pub(crate) written: u64,
    pub(crate) begun: Instant,
    pub(crate) ceilings: Ceilings,
    pub(crate) ending: Option<Reason>,
    /// Whether everybody has been killed: what a process reads because
    /// another was killed first is none of its deeds.
    pub(crate) is_over: bool,
    /// What the plan does, if there is one.
    pub(crate) planner: Option<Planner>,
    pub(crate) turns: Turns,
    pub(crate) rights: Rights,
    /// Of a contained run.
    pub(crate) belongings: Option<Belongings>,
    /// Who has written the run's last output.
    pub(crate) writer: Index,
    /// CPU time of those who have ended.
    pub(crate) spent_us: u64,
    pub(crate) weighed: Instant,
}

impl<W: Write> Keeper<W> {
    pub(crate) fn new(
        first: Tid,
        name: &str,
        order: Order<W>,
        ceilings: Ceilings,
        mut planner: Option<Planner>,
    ) -> Self {
        let mut tree = Tree::default();
        let index = tree.add_first(first, name);
        let table = Rc::clone(&tree.process(index).descriptors);
        let mut table = table.borrow_mut();
        let outputs = [1, 2]
            .into_iter()
            .filter_map(|fd| Some(Rc::clone(&table.get(first, fd)?.object)))
            .collect();
        if let Some(planner) = &mut planner {
            planner.outside = table.channels();
        }
        drop(table);
        Self {
            tree,
            order,
            peers: HashMap::new(),
            newborn: ByNumber::default(),
            leaving: ByNumber::default(),
            outputs,
            written: 0,
            begun: Instant::now(),
            ceilings,
            ending: None,
            is_over: false,
            planner,
            turns: Turns::default(),
            rights: Rights::default(),
            belongings: None,
            writer: 0,
            spent_us: 0,
            weighed: Instant::now(),
        }
    }

    /// Follows the run until nobody is left; how the first process ended,
    /// and why the keeper ended it, if it did.
    pub(crate) fn follow(
        mut self,
        first: Report,
    ) -> (Option<Ending>, Option<Reason>, Order<W>) {
        let pid = self.tree.process(0).pid;
        self.handle(pid, first);
        loop {
            if self.ending.is_none() {
                self.end_if_reached();
            }
            match self.next() {
                Ok(Some((tid, report))) => self.handle(tid, report),
                Ok(None) => {
                    sched_yield().ok();
                    self.settle();
                }
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        self.remove_objects();
        let first = self.tree.process(0).ended.clone();
        (first, self.ending, self.order)
    }

    pub(crate) fn end_everybody(&mut self) {
        for (tid, index, call) in self.tree.calls() {
            self.tell_wait(index, tid, &call);
        }
        self.is_over = true;
        let tids: Vec<Tid> = self.tree.tids().map(|(tid, _)| tid).collect();
        for tid in tids.into_iter().chain(self.newborn.keys().copied()) {
            kill(Pid::from_raw(tid), Signal::SIGKILL).ok();
        }
    }

    fn handle(&mut self, tid: Tid, report: Report) {
        if self.ending.is_some() && matches!(report, Report::Stopped(_)) {
            // One that was being created while the others were killed.
            kill(Pid::from_raw(tid), Signal::SIGKILL).ok();
        }
        self.order.listen_to(tid);
        if let (Some(planner), Report::Stopped(_)) = (&mut self.planner, report)
        {
            planner.course(tid).stops += 1;
        }
        match report {
            Report::Ended { status, usage } => {
                self.reaped(tid, status, usage);
            }
            Report::Stopped(stop) => self.goes_on_from(tid, stop),
        }
        if !self.newborn.is_empty() {
            self.claim_strays();
        }
        let thread = self.tree.thread(tid);
        let is_in_call = thread.is_some_and(|thread| thread.call.is_some());
        self.order.heard(tid, is_in_call);
        self.settle();
    }

    /// A tracee stands still: tells why, and lets it go on.
    pub(crate) fn goes_on_from(&mut self, tid: Tid, stop: Stop) {
        // exec(2) gives a thread the id of its process's first, which may
        // have ended before.
        if stop != Stop::Executed {
            self.takes_over(tid);
        }
        let is_known =
            stop == Stop::Executed || self.tree.thread(tid).is_some();
        if !is_known {
            self.newborn.insert(tid, Newborn::stopped(stop));
            return;
        }
        let (how, signal) = self.stopped(tid, stop);
        self.go_on(tid, how, signal);
    }

    /// Whether somebody has told its end and is not reaped: its parent hears
    /// of the end only then, and goes on. A first thread stays as long as
    /// others of its process live.
    pub(crate) fn is_anybody_ending(&mut self) -> bool {
        self.leaving.iter().any(|(tid, index)| {
            let process = self.tree.get(*index);
            process.is_none_or(|it| it.ended.is_some() || it.pid != *tid)
        })
    }

    fn stopped(&mut self, tid: Tid, stop: Stop) -> (Resume, i32) {
        match stop {
            Stop::Seccomp => return (self.called(tid), 0),
            // Killed in that stop: where it stands now is reported again.
            Stop::CallReturned if !self.call_returned(tid) => {
                return (Resume::Leave, 0);
            }
            Stop::Created if !self.created(tid) => return (Resume::Leave, 0),
            Stop::CallReturned | Stop::Created => {}
            Stop::Executed => self.executed(tid),
            Stop::Exiting => {
                // Its end may be over by now, and is told when it is reaped.
                let is_alone = self.tree.is_alone(tid);
                let Ok(status) = exit_message(tid, is_alone) else {
                    return (Resume::Leave, 0);
                };
                if let Some(index) = self.tree.index_of(tid) {
                    self.leaving.insert(tid, index);
                }
                self.gone(tid, status as i32);
            }
            Stop::Signal(signal) if self.has_stepped(tid, signal) => {}
            Stop::Signal(libc::SIGSEGV) if self.is_at_store(tid) => {
                if !self.stores(tid) {
                    return (Resume::Leave, 0);
                }
            }
            Stop::Signal(signal) => {
                self.signal_arrives(tid, signal);
                return (Resume::Run, signal);
            }
            Stop::Group(signal) => {
                self.group_stopped(tid, signal);
                return (Resume::Listen, 0);
            }
            Stop::Attached => {
                if self.attached(tid) && !self.guard(tid) {
                    return (Resume::Leave, 0);
                }
            }
        }
        (Resume::Run, 0)
    }

    fn called(&mut self, tid: Tid) -> Resume {
        let Ok(CallInfo::Entry { arguments, data }) = call_info(tid) else {
            return if is_killed(tid) { Resume::Leave } else { Resume::Run };
        };
        let Some(row) = row_of(data) else { return Resume::Run };
        if row.kind == Kind::Clone3 {
            return self.skips_clone3(tid);
        }
        self.tell_clone3(tid, row.kind == Kind::Create);
        let from_us = self.now();
        let call = PendingCall::new(row, arguments, from_us);
        let call = match row.kind {
            Kind::Restart => match self.again(tid, from_us) {
                Some(call) => call,
                None => return Resume::Run,
            },
            _ => call,
        };
        if let Some(resume) = self.refuses(tid, &call) {
            return resume;
        }
        if is_only_checked(tid, &call) {
            return Resume::Run;
        }
        match self.plan_entry(tid, &call) {
            Some(plan) => self.enters(tid, call, plan),
            None => Resume::Run, // when it is released
        }
    }

    /// The call that was interrupted, and begins again.
    fn again(&mut self, tid: Tid, from_us: u64) -> Option<PendingCall> {
        let call = self.tree.thread(tid)?.interrupted.take()?;
        Some(PendingCall { from_us, ..call })
    }

    /// The call begins now.
    pub(crate) fn enters(
        &mut self,
        tid: Tid,
        mut call: PendingCall,
        plan: Entry,
    ) -> Resume {
        // What is told at the entry does not happen if the call is skipped.
        let wants_return = plan.is_skipped && !call.row.wants_return
            || self.entered(tid, &mut call)
            || plan.wants_return;
        let thread = self.tree.thread(tid).expect("it stands at this call");
        if wants_return {
            thread.call = Some(call);
            return Resume::ToReturn;
        }
        thread.call = None;
        Resume::Run
    }

    /// Whether it still stands there.
    fn call_returned(&mut self, tid: Tid) -> bool {
        let thread = self.tree.thread(tid).expect("handle looked it up");
        let Some(call) = thread.call.take() else { return true };
        if let Some(answer) = call.answer {
            set_result(tid, answer).ok(); // ESRCH: it was killed meanwhile
            return true;
        }
        if self.plan_return(tid, &call) {
            return true; // it will be made again
        }
        if let Ok(CallInfo::Return { value }) = call_info(tid) {
            self.returned(tid, &call, value);
            let is_new = call.row.kind == Kind::Map;
            return !(is_new || self.is_lifted(tid, value)) || self.guard(tid);
        }
        if !is_killed(tid) {
            return true;
        }
        // What it did is told at its end.
        let thread = self.tree.thread(tid).expect("handle looked it up");
        thread.call = Some(call);
        false
    }

    /// Whether it still stands there.
    fn created(&mut self, tid: Tid) -> bool {
        let Ok(message) = event_message(tid) else {
            return !is_killed(tid);
        };
        let new = message as Tid;
        let thread = self.tree.thread(tid).expect("handle looked it up");
        let parent = thread.process;
        let call = thread.call.take();
        let (name, flags) =
            call.as_ref().map_or(("clone", libc::SIGCHLD), |call| {
                (call.row.name, call.clone_flags())
            });
        let since = call.as_ref().map(|call| call.tick);
        if flags & libc::CLONE_THREAD != 0 {
            self.tell_thread(parent, tid, new);
        } else if self.tree.index_of(new).is_none() {
            let child =
                self.tell_birth((parent, tid), (new, since), name, flags);
            let is_vfork = name == "vfork" || flags & libc::CLONE_VFORK != 0;
            self.plan_created((parent, tid), (child, new), is_vfork);
            if is_vfork || flags & libc::CLONE_VM != 0 {
                self.shares_memory(child);
            }
        }
        if let Some(call) = &call {
            self.made_by_clone(parent, tid, call);
        }
        self.welcome(new);
        true
    }

    /// A thread is about to end, or has ended; with the last one its process
    /// ends. Told here and not when it is reaped, because its descriptors
    /// are closed in between, and others notice.
    pub(crate) fn gone(&mut self, tid: Tid, status: i32) {
        self.tell_clone3(tid, false);
        let Some(thread) = self.tree.thread(tid) else { return };
        let index = thread.process;
        let call = thread.call.take().filter(|it| it.answer.is_none());
        if let Some(call) = call {
            self.tell_last_births(index, tid, &call);
            self.died_in(tid, &call);
        }
        let Some((index, is_last)) = self.tree.end_thread(tid) else {
            return;
        };
        if let Some(planner) = self.planner.as_mut() {
            planner.forget(tid);
        }
        if !is_last || tid != self.tree.process(index).pid {
            self.tell(index, tid, What::Thread { began: None });
        }
        if !is_last || self.tree.process(index).ended.is_some() {
            return;
        }
        let how = names::ending_of(status);
        let process = self.tree.process(index);
        process.ended = Some(how.clone());
        let pid = process.pid;
        self.tell_last_signal(index, status);
        self.tell(index, pid, What::Exit { how });
        let (orphans, heir) = self.tree.adopt_children_of(index);
        let to = heir.map(|heir| self.tree.process(heir).who.clone());
        for orphan in orphans {
            let pid = self.tree.process(orphan).pid;
            self.tell(orphan, pid, What::Reparent { to: to.clone() });
        }
    }

    /// Microseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    /// Sends one event on its way.
    pub(crate) fn tell(&mut self, index: Index, tid: Tid, what: What) {
        let is_deed = matches!(
            what,
            What::Io { .. } | What::Block { .. } | What::Thread { .. }
        );
        if self.is_over && is_deed {
            return self.order.forget_next();
        }
        let t_us = self.now();
        let process = self.tree.process(index);
        let event = Event {
            seq: 0,
            t_us,
            who: process.who.clone(),
            pid: process.pid,
            pid_seen: process.inner.own().map(|id| id.pid),
            start: process.start,
            tid: (tid != process.pid).then_some(tid),
            name: process.name.clone(),
            what,
        };
        self.order.push(event);
    }
}
