//! Stores to shared memory: nobody outside can watch an instruction, but a
//! page that may not be written is a fault *before* the store.
//!
//! So what a process shares is made read-only for it, and for it alone
//! (mprotect(2), which it does not notice: [`crate::inject`]). At each store
//! it stops, can be held there like at a call, and then makes it, alone and
//! in one step.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::rc::Rc;

use trace::What;

use crate::inject::{Surprise, call, step};
use crate::instruction::{LONGEST, Storing};
use crate::keeper::Keeper;
use crate::pending::PendingCall;
use crate::plan::Act;
use crate::ptrace::{Tid, read_memory, refused_store};
use crate::registers::{call_instruction, instruction, make_call_again};
use crate::returned::RESTARTS;
use crate::tree::Index;

const READ: u64 = libc::PROT_READ as u64;
const READ_WRITE: u64 = (libc::PROT_READ | libc::PROT_WRITE) as u64;
const EFAULT: i64 = -(libc::EFAULT as i64);

/// The memory of one process that stops it at each store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    guarded: Vec<Range<u64>>,
    /// The instruction by which calls can be made there.
    gadget: Option<u64>,
    /// Whether its memory is its creator's (vfork, `CLONE_VM`).
    is_borrowed: bool,
    /// Whether it is open for one call: the kernel stores without a fault
    /// that could be seen, and the call fails.
    is_open: bool,
    /// Whether it is off until the next call.
    is_lifted: bool,
}

/// A store that is about to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    address: u64,
    how: Storing,
    /// What stood there when its process came to it.
    found: u64,
}

impl<W: Write> Keeper<W> {
    /// Its memory is that of its creator, who may be in the middle of it.
    pub(crate) fn shares_memory(&mut self, index: Index) {
        if let Some(planner) = self.planner.as_mut() {
            planner.progress(index).guard.is_borrowed = true;
        }
    }

    pub(crate) fn is_guarded(&mut self, tid: Tid) -> bool {
        self.guard_of(tid).is_some_and(|it| !it.guarded.is_empty())
    }

    /// Whether its guard has to come back at a call that returned this. (A
    /// call of ours would take the kernel's mind off one that is made again.)
    pub(crate) fn is_lifted(&mut self, tid: Tid, value: i64) -> bool {
        !RESTARTS.contains(&value)
            && self.guard_of(tid).is_some_and(|it| it.is_lifted)
    }

    fn guard_of(&mut self, tid: Tid) -> Option<&mut Guard> {
        let index = self.tree.index_of(tid)?;
        Some(&mut self.planner.as_mut()?.progress(index).guard)
    }

    /// A thread comes from a call (or is new), and shared memory may be new
    /// in its process: from here on its stores are seen, if the plan asks for
    /// them. Whether the thread still stands there.
    pub(crate) fn guard(&mut self, tid: Tid) -> bool {
        if !self.awaits_stores(tid) {
            return true;
        }
        let Some(guard) = self.guard_of(tid) else { return true };
        let Some(gadget) = call_instruction(tid) else { return true };
        guard.gadget = Some(gadget);
        guard.is_lifted = false;
        let new = shared_memory(tid);
        guard.guarded.extend(new.iter().cloned());
        self.protect_all(tid, &new, READ)
    }

    /// Whether the plan still wants to know of its stores.
    fn awaits_stores(&mut self, tid: Tid) -> bool {
        let Some(index) = self.tree.index_of(tid) else { return false };
        let who = self.tree.process(index).who.clone();
        let Some(planner) = self.planner.as_mut() else { return false };
        let plan = Rc::clone(&planner.plan);
        let progress = planner.progress(index);
        if progress.guard.is_borrowed || !progress.stage.has_begun() {
            return false;
        }
        plan.acts().iter().enumerate().any(|(place, act)| match act {
            Act::Stores => true,
            Act::Hold { who: held, at } => {
                at.call.is_store()
                    && *held == who
                    && planner.awaits_store(index, place, at)
            }
            _ => false,
        })
    }

    /// Whether this SIGSEGV is a store that only the guard refuses.
    pub(crate) fn is_at_store(&mut self, tid: Tid) -> bool {
        let Some(guard) = self.guard_of(tid) else { return false };
        refused_store(tid).is_some_and(|address| guard.holds(address))
    }

    /// A thread is about to store: it does, or is to be held before. Whether
    /// it still stands there.
    pub(crate) fn stores(&mut self, tid: Tid) -> bool {
        let Some(address) = refused_store(tid) else { return true };
        let Some(index) = self.tree.index_of(tid) else { return true };
        let how = Storing::of(&code_of(tid));
        let found = word(tid, address, how.width);
        let store = Store { address, how, found };
        let who = self.tree.process(index).who.clone();
        let Some(planner) = self.planner.as_mut() else { return true };
        let plan = Rc::clone(&planner.plan);
        for (place, act) in plan.acts().iter().enumerate() {
            if let Act::Hold { who: held, at } = act
                && at.call.is_store()
                && *held == who
                && planner.is_at_store(index, place, at)
            {
                planner.intend_at_store(tid, place, store);
            }
        }
        planner.to_hold.contains_key(&tid) || self.make_store(tid, &store)
    }

    /// Makes a store that was held up, and tells it. Whether the thread still
    /// stands there.
    pub(crate) fn make_store(&mut self, tid: Tid, store: &Store) -> bool {
        let Some(guard) = self.guard_of(tid) else { return true };
        let all = guard.guarded.clone();
        if store.how.is_conditional {
            // Stopped before it, it never stores: the thread goes back to its
            // load, and must come through without a stop. What it stores
            // until its next call is not seen.
            guard.guarded.clear();
            guard.is_lifted = true;
            return self.protect_all(tid, &all, READ_WRITE);
        }
        let here: Vec<Range<u64>> = all
            .iter()
            .filter(|it| it.contains(&store.address))
            .cloned()
            .collect();
        if !self.protect_all(tid, &here, READ_WRITE) {
            return false;
        }
        let before = word(tid, store.address, store.how.width);
        if let Err(surprise) = step(tid) {
            self.note(tid, surprise);
            return false;
        }
        let after = word(tid, store.address, store.how.width);
        if let Some(index) = self.tree.index_of(tid) {
            let what = What::Store {
                address: store.address,
                before,
                after,
                bytes: store.how.width,
                is_atomic: store.how.is_atomic,
                found: (store.found != before).then_some(store.found),
            };
            self.tell(index, tid, what);
        }
        if self.awaits_stores(tid) {
            return self.protect_all(tid, &here, READ);
        }
        if let Some(guard) = self.guard_of(tid) {
            guard.guarded.clear();
        }
        self.protect_all(tid, &all, READ_WRITE)
    }

    /// A call has returned. If the kernel could not store what it had to, the
    /// call is made once more, without the guard; whether it is. The guard
    /// comes back behind it.
    pub(crate) fn makes_way(
        &mut self,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) -> bool {
        let Some(guard) = self.guard_of(tid) else { return false };
        let all = guard.guarded.clone();
        let was_open = std::mem::take(&mut guard.is_open);
        if was_open && RESTARTS.contains(&value) {
            // As for `is_lifted`.
            guard.is_open = true;
            return false;
        }
        if was_open {
            self.protect_all(tid, &all, READ);
            return false;
        }
        if value != EFAULT || all.is_empty() {
            return false;
        }
        guard.is_open = true;
        if let Some(planner) = self.planner.as_mut() {
            let again = (call.row.number, call.arguments);
            planner.course(tid).restarts = Some(again);
        }
        self.protect_all(tid, &all, READ_WRITE)
            && make_call_again(tid, call.row.number, call.arguments).is_ok()
    }

    /// Changes what a process may do with some of its memory. Whether the
    /// thread still stands there.
    fn protect_all(
        &mut self,
        tid: Tid,
        ranges: &[Range<u64>],
        access: u64,
    ) -> bool {
        let Some(guard) = self.guard_of(tid) else { return true };
        let Some(gadget) = guard.gadget else { return true };
        for range in ranges {
            let length = range.end - range.start;
            let arguments = [range.start, length, access, 0, 0, 0];
            if let Err(surprise) =
                call(tid, gadget, libc::SYS_mprotect, arguments)
            {
                self.note(tid, surprise);
                return false;
            }
        }
        true
    }

    /// What came in place of an instruction is handled next.
    fn note(&mut self, tid: Tid, surprise: Surprise) {
        if let (Some(report), Some(planner)) = (surprise.0, &mut self.planner) {
            planner.surprises.push_back((tid, report));
        }
    }
}

impl Guard {
    fn holds(&self, address: u64) -> bool {
        self.guarded.iter().any(|range| range.contains(&address))
    }
}

fn code_of(tid: Tid) -> [u8; LONGEST] {
    let mut code = [0; LONGEST];
    if let Ok(at) = instruction(tid) {
        read_memory(tid, at, &mut code);
    }
    code
}

/// The number that stands there.
fn word(tid: Tid, address: u64, width: u8) -> u64 {
    let mut bytes = [0; 8];
    read_memory(tid, address, &mut bytes[..usize::from(width.min(8))]);
    u64::from_le_bytes(bytes)
}

/// What proc_pid_maps(5) says is shared and may be written.
fn shared_memory(tid: Tid) -> Vec<Range<u64>> {
    let maps = fs::read_to_string(format!("/proc/{tid}/maps"));
    let range = |line: &str| {
        let mut words = line.split_whitespace();
        let (range, access) = (words.next()?, words.next()?);
        let (start, end) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        (access == "rw-s").then_some(number(start)?..number(end)?)
    };
    maps.unwrap_or_default().lines().filter_map(range).collect()
}
