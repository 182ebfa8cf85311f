//! A plan under way: what it does when a call is entered and when it
//! returns.

use std::collections::HashSet;
use std::io::Write;
use std::rc::Rc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use trace::{WaitsFor, What};

use crate::keeper::Keeper;
use crate::pending::PendingCall;
use crate::plan::Act;
use crate::plan_calls::{is_asking, is_not_yet, is_sleep};
use crate::plan_hold::Until;
use crate::plan_signals::{Handlers, can_interrupt};
use crate::plan_start::Stage;
use crate::plan_state::{Deed, Entry, POLLS};
use crate::plan_store::Guard;
use crate::plan_time::forget_sets;
use crate::ptrace::{CallInfo, Tid, call_info, write_memory};
use crate::registers::{make_call_again, set_argument, set_result, skip_call};
use crate::returned::RESTARTS;
use crate::table::Kind;
use crate::tree::Index;

const EINTR: i64 = -(libc::EINTR as i64);

impl<W: Write> Keeper<W> {
    /// A call is about to be made: what the plan has done about it; `None`
    /// if the caller is to be held, and makes it when it is released.
    pub(crate) fn plan_entry(
        &mut self,
        tid: Tid,
        call: &PendingCall,
    ) -> Option<Entry> {
        let mut entry = Entry::default();
        self.do_acts(tid, call, &mut entry);
        if let Some(planner) = self.planner.as_mut()
            && let Some(intent) = planner.to_hold.get_mut(&tid)
        {
            intent.entry = Some((call.clone(), entry));
            return None;
        }
        // While somebody is held, every answer counts.
        let is_watched =
            self.planner.as_ref().is_some_and(|it| !it.held.is_empty());
        entry.wants_return |= is_watched && is_asking(call);
        entry.wants_return |= self.is_guarded(tid);
        Some(entry)
    }

    fn do_acts(&mut self, tid: Tid, call: &PendingCall, entry: &mut Entry) {
        let Some(index) = self.tree.index_of(tid) else { return };
        let who = self.tree.process(index).who.clone();
        let Some(planner) = self.planner.as_mut() else { return };
        let progress = planner.progress(index);
        progress.handlers.note(tid, call);
        if !progress.stage.is_main(call) {
            return;
        }
        let course = planner.course(tid);
        let again = (call.row.number, call.arguments);
        if course.restarts.take_if(|it| *it == again).is_some() {
            return;
        }
        if let Some((_, place)) = course.stepping.take() {
            planner.intend(tid, place, Until::EverybodyElse);
        }
        let plan = Rc::clone(&planner.plan);
        for (place, act) in plan.acts().iter().enumerate() {
            let planner = self.planner.as_mut().expect("it was there");
            if act.concerns(&who) && planner.hits(index, place, call) {
                self.do_act(tid, index, place, act, call, entry);
            }
        }
    }

    fn do_act(
        &mut self,
        tid: Tid,
        index: Index,
        place: usize,
        act: &Act,
        call: &PendingCall,
        entry: &mut Entry,
    ) {
        let planner = self.planner.as_mut().expect("who calls has one");
        if let Act::Hold { .. } = act {
            planner.intend(tid, place, Until::EverybodyElse);
            return;
        }
        if let Act::Step { instructions, .. } = act {
            let instructions = *instructions;
            let deed = Deed::Step { instructions, place };
            planner.course(tid).deeds.push(deed);
            entry.wants_return = true;
            return;
        }
        if entry.is_skipped {
            return;
        }
        let deed = match act {
            Act::Kill { signal, .. } => Some(Deed::Signal(*signal)),
            Act::Fail { errno, .. } => Some(Deed::Return(-i64::from(*errno))),
            Act::NoSleep => {
                (call.row.kind == Kind::Sleep).then_some(Deed::Return(0))
            }
            Act::Interrupt { .. } => {
                let handlers = planner.progress(index).handlers.clone();
                self.interrupts(tid, index, call, &handlers)
            }
            Act::InterruptSome { seed, .. } => {
                self.interrupts_some(tid, index, call, *seed)
            }
            Act::ShortIo { seed, .. } => self.cuts(tid, index, call, *seed),
            _ => None,
        };
        if let Some(deed) = deed {
            self.begin(tid, call, deed, entry);
            self.tell_act(index, tid, call.row.name, act, call.from_us);
        }
    }

    fn begin(
        &mut self,
        tid: Tid,
        call: &PendingCall,
        deed: Deed,
        entry: &mut Entry,
    ) {
        // close(2) closes even where it reports an error.
        let is_close = call.row.kind == Kind::Close;
        match deed {
            Deed::Signal(libc::SIGKILL) => {
                // The kernel does not begin a call for one who must die.
                let index = self.tree.index_of(tid).unwrap_or(0);
                let pid = self.tree.process(index).pid;
                kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
                return;
            }
            Deed::Return(_) | Deed::Signal(_) if !is_close => {
                let is_interrupted =
                    matches!(deed, Deed::Return(value) if value == EINTR);
                if is_interrupted && call.row.kind == Kind::Sleep {
                    tell_remaining(tid, call);
                }
                // ESRCH: it was killed in this stop.
                skip_call(tid).ok();
                entry.is_skipped = true;
            }
            _ => {}
        }
        let planner = self.planner.as_mut().expect("who calls has one");
        planner.course(tid).deeds.push(deed);
        entry.wants_return = true;
    }

    fn interrupts(
        &mut self,
        tid: Tid,
        index: Index,
        call: &PendingCall,
        handlers: &Handlers,
    ) -> Option<Deed> {
        let object = self.descriptor(index, call.arguments[0] as i32);
        if !can_interrupt(tid, call, object.as_ref(), handlers) {
            return None;
        }
        Some(Deed::Return(EINTR))
    }

    fn interrupts_some(
        &mut self,
        tid: Tid,
        index: Index,
        call: &PendingCall,
        seed: u64,
    ) -> Option<Deed> {
        let handlers = self.planner.as_mut()?.progress(index).handlers.clone();
        let handlers = handlers.without_ending();
        let deed = self.interrupts(tid, index, call, &handlers)?;
        let who = self.tree.process(index).who.to_string();
        let planner = self.planner.as_mut()?;
        let is_drawn = planner.draw(index, &who, seed) % 2 == 0;
        // Never twice in a row: who tries again comes through.
        let course = planner.course(tid);
        course.was_interrupted = is_drawn && !course.was_interrupted;
        course.was_interrupted.then_some(deed)
    }

    /// Shortens a read or write, if that can be.
    fn cuts(
        &mut self,
        tid: Tid,
        index: Index,
        call: &PendingCall,
        seed: u64,
    ) -> Option<Deed> {
        if call.row.kind != Kind::Read && call.row.kind != Kind::Write {
            return None;
        }
        let who = self.tree.process(index).who.to_string();
        let planner = self.planner.as_mut()?;
        let drawn = planner.draw(index, &who, seed);
        if drawn.is_multiple_of(4) {
            return None; // now and then a call is left whole
        }
        let length = self.short_length(tid, index, call, drawn >> 2)?;
        set_argument(tid, 2, length).ok()?;
        Some(Deed::SetBack { argument: 2, value: call.arguments[2] })
    }

    /// A call has returned. Whether it counts as not made: it will be made
    /// again.
    pub(crate) fn plan_return(&mut self, tid: Tid, call: &PendingCall) -> bool {
        let Some(planner) = self.planner.as_mut() else { return false };
        let course = planner.course(tid);
        let deeds = std::mem::take(&mut course.deeds);
        let mut is_undone = false;
        for deed in deeds {
            match deed {
                Deed::Return(value) => drop(set_result(tid, value)),
                Deed::SetBack { argument, value } => {
                    set_argument(tid, argument, value).ok();
                }
                Deed::Signal(signal) => {
                    is_undone = true;
                    let (number, arguments) = (call.row.number, call.arguments);
                    course.restarts = Some((number, arguments));
                    let pid = self.tree.index_of(tid).unwrap_or(0);
                    let pid = self.tree.process(pid).pid;
                    send(pid, tid, signal);
                    make_call_again(tid, number, arguments).ok();
                }
                Deed::Step { instructions, place } => {
                    course.stepping = Some((instructions, place));
                }
                Deed::TimeOut(value) => time_out(tid, call, value),
            }
        }
        if !is_undone && let Ok(CallInfo::Return { value }) = call_info(tid) {
            if self.makes_way(tid, call, value) {
                return true;
            }
            self.answered(tid, call, value);
        }
        is_undone
    }

    /// Notes what the answer says about polling, restarts and streams.
    fn answered(&mut self, tid: Tid, call: &PendingCall, value: i64) {
        self.count_bytes(tid, call, value);
        let Some(index) = self.tree.index_of(tid) else { return };
        let Some(planner) = self.planner.as_mut() else { return };
        let is_watched = !planner.held.is_empty();
        let course = planner.course(tid);
        course.restarts = None;
        if RESTARTS.contains(&value) {
            course.restarts = Some((call.row.number, call.arguments));
            return;
        }
        if !is_watched || is_sleep(call) {
            return;
        }
        if !is_not_yet(call, value) {
            if is_news(call, value) {
                course.wake();
            }
            return;
        }
        let [first, second, ..] = call.arguments;
        let key = (call.row.name, first, second, value);
        let times = course.answers.entry(key).or_default();
        *times += 1;
        if *times == POLLS && !course.is_found {
            course.is_found = true;
            self.tell_found(index, tid, call.row.name, "polling");
        }
    }

    /// Cuts the wait short in which that thread is.
    pub(crate) fn leap(&mut self, tid: Tid, value: i64) {
        let Some(planner) = self.planner.as_mut() else { return };
        let course = planner.course(tid);
        course.leaps += 1;
        course.deeds.push(Deed::TimeOut(value));
        planner.tick.hasten();
        // ESRCH: it was killed meanwhile.
        crate::ptrace::interrupt(tid).ok();
    }

    pub(crate) fn tell_act(
        &mut self,
        index: Index,
        tid: Tid,
        call: &str,
        act: &Act,
        from_us: u64,
    ) {
        let on = WaitsFor {
            kind: "plan".to_owned(),
            object: Some(act.to_string()),
            fd: None,
            child: None,
        };
        let call = call.to_owned();
        self.tell(index, tid, What::Block { call, on, from_us });
    }

    pub(crate) fn tell_found(
        &mut self,
        index: Index,
        tid: Tid,
        call: &str,
        kind: &str,
    ) {
        let on = WaitsFor {
            kind: kind.to_owned(),
            object: None,
            fd: None,
            child: None,
        };
        let (call, from_us) = (call.to_owned(), self.now());
        self.tell(index, tid, What::Block { call, on, from_us });
    }

    /// A process was created: what it has from its creator.
    pub(crate) fn plan_child(&mut self, parent: Index, child: Index) {
        let Some(planner) = self.planner.as_mut() else { return };
        let creator = planner.progress(parent).clone();
        let progress = planner.progress(child);
        progress.stage = creator.stage;
        progress.handlers = creator.handlers;
        progress.guard = creator.guard;
    }

    /// A new program is loaded: its handlers are gone, and its `main` has
    /// not begun.
    pub(crate) fn plan_exec(&mut self, index: Index, pid: Tid) {
        let alive: HashSet<Tid> =
            self.tree.tids().map(|(tid, _)| tid).collect();
        let Some(planner) = self.planner.as_mut() else { return };
        let progress = planner.progress(index);
        progress.stage = Stage::default();
        progress.handlers = Handlers::default();
        progress.guard = Guard::default();
        planner.threads.remove(&pid);
        planner.held.retain(|held| alive.contains(&held.tid));
    }
}

/// Whether the answer is what one who polls was waiting for.
fn is_news(call: &PendingCall, value: i64) -> bool {
    match call.row.kind {
        Kind::Create
        | Kind::Wait4
        | Kind::WaitId
        | Kind::Poll
        | Kind::Read
        | Kind::Write
        | Kind::SendFile
        | Kind::Splice
        | Kind::Lock
        | Kind::Connect
        | Kind::MqTransfer { .. } => value >= 0,
        _ => false,
    }
}

fn time_out(tid: Tid, call: &PendingCall, value: i64) {
    let Ok(CallInfo::Return { value: was }) = call_info(tid) else { return };
    // Else it has got what it was waiting for, in the last moment.
    if RESTARTS.contains(&was) || was == -i64::from(libc::EINTR) {
        set_result(tid, value).ok();
        forget_sets(tid, call);
    }
}

/// An interrupted sleep says how much of it is left: all, here.
fn tell_remaining(tid: Tid, call: &PendingCall) {
    let is_clock = call.row.name == "clock_nanosleep";
    let is_absolute = is_clock && call.arguments[1] != 0;
    let place = if is_clock { 2 } else { 0 };
    let (asked, remaining) = (call.arguments[place], call.arguments[place + 1]);
    if remaining != 0 && !is_absolute {
        let [seconds, nanos] = crate::ptrace::read_words(tid, asked);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seconds.to_ne_bytes());
        bytes[8..].copy_from_slice(&nanos.to_ne_bytes());
        write_memory(tid, remaining, &bytes);
    }
}

/// Sends a signal to one thread, so that it is delivered there.
fn send(pid: i32, tid: Tid, signal: i32) {
    // SAFETY: tgkill(2) takes three numbers.
    unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, signal) };
}
