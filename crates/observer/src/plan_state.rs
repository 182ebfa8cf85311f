//! How far a plan, and each process under it, has come.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use nix::errno::Errno;

use crate::pending::PendingCall;
use crate::plan::{Plan, Site};
use crate::plan_hold::{Held, Intent, Look, Until};
use crate::plan_io::Streams;
use crate::plan_signals::Handlers;
use crate::plan_start::Stage;
use crate::plan_store::{Guard, Store};
use crate::plan_time::Tick;
use crate::ptrace::{Report, Tid};
use crate::tree::Index;

/// So many equal answers "not yet", with nothing between that could have
/// been news: it polls.
pub(crate) const POLLS: u32 = 20;

/// A plan, and how far it has come.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(crate) plan: Rc<Plan>,
    pub(crate) processes: HashMap<Index, Progress>,
    pub(crate) threads: HashMap<Tid, Course>,
    pub(crate) held: Vec<Held>,
    /// Who is to be held as soon as it would go on.
    pub(crate) to_hold: HashMap<Tid, Intent>,
    pub(crate) streams: Streams,
    pub(crate) tick: Tick,
    /// The pipes, sockets and terminals that the first process was given.
    pub(crate) outside: Vec<Rc<str>>,
    /// Reports since the keeper has looked around.
    pub(crate) unlooked: u32,
    /// Reports of all who were not found polling.
    pub(crate) reports: u64,
    /// What a tracee did while the keeper waited for something else of it.
    pub(crate) surprises: VecDeque<(Tid, Report)>,
}

/// How far a process has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    /// How many calls each act has counted.
    counted: HashMap<usize, u32>,
    /// Calls that a seed decides on.
    drawn: u64,
    pub(crate) handlers: Handlers,
    pub(crate) guard: Guard,
}

/// What is known of a thread beyond its call.
#[derive(Debug, Default)]
pub(crate) struct Course {
    /// To be done when its call returns.
    pub(crate) deeds: Vec<Deed>,
    /// The call that it will make once more, without having returned.
    pub(crate) restarts: Option<(i64, [u64; 6])>,
    pub(crate) was_interrupted: bool,
    /// Instructions left, and for which act.
    pub(crate) stepping: Option<(u32, usize)>,
    /// Answers "not yet", by call.
    pub(crate) answers: HashMap<(&'static str, u64, u64, i64), u32>,
    /// Waits that were cut short while somebody was held.
    pub(crate) leaps: u32,
    pub(crate) is_found: bool,
    pub(crate) look: Option<Look>,
    /// Stops so far, and at the last look; CPU time when they last differed.
    pub(crate) stops: u64,
    pub(crate) busy_since: (u64, u64),
    /// At which of its stops it called vfork: it waits in state D.
    pub(crate) vforked: Option<u64>,
}

/// What is to be done when a call returns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Return(i64),
    SetBack { argument: usize, value: u64 },
    Signal(i32),
    Step { instructions: u32, place: usize },
    TimeOut(i64),
}

/// What the plan has done at the entry of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    /// The return must be seen.
    pub(crate) wants_return: bool,
    /// The call will not be made.
    pub(crate) is_skipped: bool,
}

impl Planner {
    pub(crate) fn new(plan: Plan) -> Result<Self, Errno> {
        Ok(Self {
            plan: Rc::new(plan),
            processes: HashMap::new(),
            threads: HashMap::new(),
            held: Vec::new(),
            to_hold: HashMap::new(),
            streams: Streams::default(),
            tick: Tick::new()?,
            outside: Vec::new(),
            unlooked: 0,
            reports: 0,
            surprises: VecDeque::new(),
        })
    }

    pub(crate) fn course(&mut self, tid: Tid) -> &mut Course {
        self.threads.entry(tid).or_default()
    }

    pub(crate) fn progress(&mut self, index: Index) -> &mut Progress {
        self.processes.entry(index).or_default()
    }

    /// That thread is to be held for an act.
    pub(crate) fn intend(&mut self, tid: Tid, place: usize, until: Until) {
        let intent = Intent { place, until, entry: None, store: None };
        self.to_hold.insert(tid, intent);
    }

    /// That thread is to be held before it stores.
    pub(crate) fn intend_at_store(
        &mut self,
        tid: Tid,
        place: usize,
        store: Store,
    ) {
        let until = Until::EverybodyElse;
        let store = Some(store);
        let intent = Intent { place, until, entry: None, store };
        self.to_hold.insert(tid, intent);
    }

    pub(crate) fn is_held(&self, tid: Tid) -> bool {
        self.held.iter().any(|held| held.tid == tid)
    }

    /// It is gone.
    pub(crate) fn forget(&mut self, tid: Tid) {
        self.threads.remove(&tid);
        self.to_hold.remove(&tid);
        self.held.retain(|held| held.tid != tid);
    }

    /// Whether this is the call at which an act acts.
    pub(crate) fn hits(
        &mut self,
        index: Index,
        place: usize,
        call: &PendingCall,
    ) -> bool {
        let plan = Rc::clone(&self.plan);
        let Some(site) = plan.acts()[place].site() else { return true };
        if !site.call.covers(call) {
            return false;
        }
        let counted = self.progress(index).counted.entry(place).or_default();
        *counted += 1;
        site.nth == 0 || *counted == site.nth
    }

    /// Counts a store of that process; whether it is the one at which an act
    /// acts.
    pub(crate) fn is_at_store(
        &mut self,
        index: Index,
        place: usize,
        site: &Site,
    ) -> bool {
        let counted = self.progress(index).counted.entry(place).or_default();
        *counted += 1;
        site.nth == 0 || *counted == site.nth
    }

    /// Whether that act still waits for a store of that process.
    pub(crate) fn awaits_store(
        &mut self,
        index: Index,
        place: usize,
        site: &Site,
    ) -> bool {
        let counted = self.progress(index).counted.get(&place).copied();
        site.nth == 0 || counted.unwrap_or(0) < site.nth
    }

    /// A number that is the same in each run: from the seed, the process and
    /// how often it was asked for.
    pub(crate) fn draw(&mut self, index: Index, who: &str, seed: u64) -> u64 {
        let drawn = &mut self.progress(index).drawn;
        *drawn += 1;
        let text =
            who.bytes().fold(seed, |sum, byte| mixed(sum ^ u64::from(byte)));
        mixed(text.wrapping_add(*drawn))
    }
}

/// splitmix64, by Sebastiano Vigna: neighbours become strangers.
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

impl Course {
    /// Something has happened that it may have waited for.
    pub(crate) fn wake(&mut self) {
        self.answers.clear();
        self.is_found = false;
    }
}
