//! Holding: a process stands still until all others cannot move, or only
//! seem to.
//!
//! Nothing here ends by time. Twice, with the keeper's tick between, all
//! others must be found asleep in the same place without having run, and off
//! their CPUs; or they poll, or compute without a call.

use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::rc::Rc;

use nix::errno::Errno;

use crate::keeper::Keeper;
use crate::pending::PendingCall;
use crate::plan::Act;
use crate::plan_state::{Entry, POLLS};
use crate::plan_store::Store;
use crate::plan_time::{awaited, time_left, timed_out};
use crate::proc_stat::has_left_its_cpu;
use crate::ptrace::{Report, Resume, Tid, next_report, resume};
use crate::table::Kind;
use crate::tree::Index;

/// Computing for so long without a call, while somebody is held, is
/// spinning: its own CPU time, not the wall's.
const SPINS_NS: u64 = 50_000_000;

const REPORTS_UNLOOKED: u32 = 64;

/// Until when to hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Until {
    EverybodyElse,
    Process(Index),
}

/// Who is to be held, as soon as it stops.
#[derive(Debug)]
pub(crate) struct Intent {
    /// Of the act in the plan.
    pub(crate) place: usize,
    pub(crate) until: Until,
    /// The call that it is about to make, if any: nobody may count it as
    /// begun until it is released.
    pub(crate) entry: Option<(PendingCall, Entry)>,
    /// The store that it is about to make, if any.
    pub(crate) store: Option<Store>,
}

/// Who is held, and how it goes on.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) tid: Tid,
    process: Index,
    intent: Intent,
    how: Resume,
    signal: i32,
    from_us: u64,
}

/// What /proc says of a thread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Look {
    state: char,
    /// Context switches: the same number twice, and it has not run between.
    switches: u64,
    /// Reports before: one may have woken it, and a thread that looks whether
    /// it may go on is in state S before it sleeps.
    reports: u64,
}

impl<W: Write> Keeper<W> {
    /// Lets a stopped thread go on, if the plan does not hold it.
    pub(crate) fn go_on(&mut self, tid: Tid, how: Resume, signal: i32) {
        let (mut how, now) = (how, self.now());
        if let Some(planner) = self.planner.as_mut() {
            let index = self.tree.index_of(tid);
            let is_stopped = !matches!(how, Resume::Listen | Resume::Leave);
            let may_hold = is_stopped && self.ending.is_none();
            if let (Some(process), true) = (index, may_hold)
                && let Some(intent) = planner.to_hold.remove(&tid)
            {
                let from_us = now;
                let held = Held { tid, process, intent, how, signal, from_us };
                planner.held.push(held);
                return;
            }
            let course = planner.course(tid);
            if course.stepping.is_some() && how == Resume::Run {
                how = Resume::Step;
            }
        }
        // ESRCH: it was killed in this stop, and is reported again.
        resume(tid, how, signal).ok();
    }

    /// After a creation: one side waits for the other.
    pub(crate) fn plan_created(
        &mut self,
        (parent, creator): (Index, Tid),
        (child, new): (Index, Tid),
        is_vfork: bool,
    ) {
        self.plan_child(parent, child);
        let Some(planner) = self.planner.as_mut() else { return };
        if is_vfork {
            // The kernel itself holds the creator there.
            let course = planner.course(creator);
            course.vforked = Some(course.stops);
        }
        if is_vfork || !planner.progress(parent).stage.has_begun() {
            return;
        }
        let plan = Rc::clone(&planner.plan);
        for (place, act) in plan.acts().iter().enumerate() {
            let (tid, until) = match act {
                Act::ChildFirst => (creator, Until::Process(child)),
                Act::ParentFirst => (new, Until::Process(parent)),
                _ => continue,
            };
            planner.intend(tid, place, until);
        }
    }

    /// Whether this SIGTRAP is the end of a single step.
    pub(crate) fn has_stepped(&mut self, tid: Tid, signal: i32) -> bool {
        let Some(planner) = self.planner.as_mut() else { return false };
        let course = planner.course(tid);
        let (libc::SIGTRAP, Some((left, place))) = (signal, course.stepping)
        else {
            return false;
        };
        course.stepping = (left > 1).then_some((left - 1, place));
        if left == 1 {
            planner.intend(tid, place, Until::EverybodyElse);
        }
        true
    }

    /// The next report; while somebody is held, the keeper looks around
    /// whenever there is none.
    pub(crate) fn next(&mut self) -> Result<Option<(Tid, Report)>, Errno> {
        let next = self.next_or_look()?;
        if let (Some((tid, _)), Some(planner)) = (&next, &mut self.planner) {
            // Who was found polling goes on reporting, and wakes nobody.
            let course = planner.threads.get(tid);
            let is_found = course.is_some_and(|it| it.is_found);
            planner.reports += u64::from(!is_found);
        }
        Ok(next)
    }

    fn next_or_look(&mut self) -> Result<Option<(Tid, Report)>, Errno> {
        let surprises = self.planner.as_mut().map(|it| &mut it.surprises);
        if let Some(surprise) = surprises.and_then(VecDeque::pop_front) {
            return Ok(Some(surprise));
        }
        // What is told late may wait for a thread that falls asleep unheard.
        let may_block = !self.order.is_holding();
        if !self.must_look() {
            if let Some(planner) = self.planner.as_mut() {
                planner.tick.turn(false);
            }
            return self.await_report(may_block);
        }
        let report = self.turns.next(false, next_report)?;
        let planner = self.planner.as_mut().expect("it must look");
        planner.unlooked += 1;
        // Two that poll in turn may never leave it without a report.
        if report.is_some() && planner.unlooked < REPORTS_UNLOOKED {
            return Ok(report);
        }
        planner.unlooked = 0;
        self.look_around();
        if report.is_some() {
            return Ok(report);
        }
        let must_look = self.must_look();
        let planner = self.planner.as_mut().expect("it must look");
        planner.tick.turn(must_look);
        self.await_report(may_block)
    }

    fn await_report(
        &mut self,
        may_block: bool,
    ) -> Result<Option<(Tid, Report)>, Errno> {
        if may_block && self.order.is_live() {
            if let Some(report) = self.turns.next(false, next_report)? {
                return Ok(Some(report));
            }
            self.order.flush();
        }
        self.turns.next(may_block, next_report)
    }

    fn must_look(&self) -> bool {
        let Some(planner) = &self.planner else { return false };
        self.ending.is_none()
            && (!planner.held.is_empty()
                || planner.plan.has(&Act::NoSleep)
                    && self.tree.tids().any(|(_, thread)| {
                        thread.call.as_ref().is_some_and(may_time_out)
                    }))
    }

    fn look_around(&mut self) {
        if !self.newborn.is_empty() || self.is_anybody_ending() {
            return;
        }
        let threads: Vec<(Tid, Index)> =
            self.tree.tids().map(|(tid, it)| (tid, it.process)).collect();
        let mut moving = Vec::new();
        for (tid, index) in threads {
            if !self.is_settled(tid, index) {
                moving.push(index);
            }
        }
        let Some(planner) = self.planner.as_ref() else { return };
        let is_over = |held: &Held| match held.intent.until {
            Until::Process(other) => !moving.contains(&other),
            Until::EverybodyElse => false,
        };
        if let Some(place) = planner.held.iter().position(is_over) {
            self.release(place);
        } else if moving.is_empty() && !self.leap_to_next_time_out() {
            self.release_first();
        }
    }

    /// Ends the hold that stands first in the plan.
    fn release_first(&mut self) {
        let Some(planner) = self.planner.as_ref() else { return };
        let holds = planner.held.iter().enumerate();
        if let Some((place, _)) = holds.min_by_key(|(_, it)| it.intent.place) {
            self.release(place);
        }
    }

    fn release(&mut self, place: usize) {
        let now = self.now();
        let Some(planner) = self.planner.as_mut() else { return };
        planner.tick.hasten();
        let held = planner.held.remove(place);
        let (tid, intent) = (held.tid, held.intent);
        let course = planner.course(tid);
        course.wake();
        course.look = None;
        if planner.held.is_empty() {
            for course in planner.threads.values_mut() {
                course.wake();
                course.leaps = 0;
            }
        }
        let plan = Rc::clone(&planner.plan);
        let act = &plan.acts()[intent.place];
        let name = intent.entry.as_ref().map_or("", |(call, _)| call.row.name);
        self.tell_act(held.process, tid, name, act, held.from_us);
        let mut how = held.how;
        if let Some(store) = intent.store
            && !self.make_store(tid, &store)
        {
            return; // what became of it is handled next
        }
        if let Some((mut call, entry)) = intent.entry {
            call.from_us = now;
            how = self.enters(tid, call, entry);
        }
        // ESRCH: it was killed meanwhile.
        resume(tid, how, held.signal).ok();
    }

    /// Whether it cannot move, or only seems to.
    fn is_settled(&mut self, tid: Tid, index: Index) -> bool {
        let is_stopped = self.tree.process(index).is_stopped;
        let Some(planner) = self.planner.as_mut() else { return true };
        if planner.is_held(tid) {
            return true;
        }
        let is_watched = !planner.held.is_empty();
        let Some(look) = look_at(tid, planner.reports) else { return true };
        let course = planner.course(tid);
        let before = course.look.replace(look);
        if course.is_found {
            return true;
        }
        match look.state {
            'Z' | 'X' => return true,
            'T' | 't' => return is_stopped,
            'S' => return before == Some(look) && has_left_its_cpu(tid),
            // The creator after vfork waits so; else it is a disk.
            'D' => {
                let is_creating = course.vforked == Some(course.stops);
                return is_creating
                    && before == Some(look)
                    && has_left_its_cpu(tid);
            }
            _ => {}
        }
        let (stops, since) = course.busy_since;
        let used = cpu_time(tid);
        if stops != course.stops || since == 0 {
            course.busy_since = (course.stops, used.max(1));
        } else if is_watched && used.saturating_sub(since) >= SPINS_NS {
            course.is_found = true;
            self.tell_found(index, tid, "", "spinning");
            return true;
        }
        false
    }

    /// All are blocked: time passes in a leap, to the first time-out.
    /// Whether there was one.
    fn leap_to_next_time_out(&mut self) -> bool {
        let now = self.now();
        if self.is_anybody_waiting_for_outside() {
            return false;
        }
        let Some(planner) = self.planner.as_mut() else { return false };
        if planner.plan.has(&Act::RealTime) {
            return false;
        }
        let is_watched = !planner.held.is_empty();
        let mut next = None;
        for (tid, thread) in self.tree.tids() {
            let Some(call) = &thread.call else { continue };
            let course = planner.course(tid);
            let is_weary = is_watched && course.leaps >= POLLS;
            if course.is_found || is_weary || !may_time_out(call) {
                continue;
            }
            if let Some(left) = time_left(tid, call, now - call.from_us) {
                let value = timed_out(call);
                let candidate = (left, thread.process, tid, value);
                next = next.min(Some(candidate)).or(Some(candidate));
            }
        }
        let Some((_, _, tid, value)) = next else { return false };
        self.leap(tid, value);
        true
    }

    /// Whether somebody waits for bytes from outside of the run: they come
    /// when they come, and no time may pass in a leap before.
    fn is_anybody_waiting_for_outside(&mut self) -> bool {
        let waits: Vec<(Index, Tid, PendingCall)> = self
            .tree
            .tids()
            .filter_map(|(tid, thread)| {
                Some((thread.process, tid, thread.call.clone()?))
            })
            .collect();
        waits.into_iter().any(|(index, tid, call)| {
            awaited(tid, &call).into_iter().any(|fd| {
                let object = self.descriptor(index, fd).map(|it| it.object);
                let planner = self.planner.as_ref();
                object.is_some_and(|object| {
                    planner.is_some_and(|it| it.outside.contains(&object))
                })
            })
        })
    }
}

fn may_time_out(call: &PendingCall) -> bool {
    matches!(
        call.row.kind,
        Kind::Sleep
            | Kind::Poll
            | Kind::Futex
            | Kind::SignalWait
            | Kind::SystemV
            | Kind::MqTransfer { .. }
    )
}

fn look_at(tid: Tid, reports: u64) -> Option<Look> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    let value = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
    };
    let count = |name| value(name)?.parse::<u64>().ok();
    let state = value("State:")?.chars().next()?;
    let switches = count("voluntary_ctxt_switches:").unwrap_or(0)
        + count("nonvoluntary_ctxt_switches:").unwrap_or(0);
    Some(Look { state, switches, reports })
}

/// Nanoseconds on a CPU: the first field of /proc/PID/schedstat.
fn cpu_time(tid: Tid) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{tid}/schedstat"));
    stat.ok()
        .and_then(|stat| stat.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
