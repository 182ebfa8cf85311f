//! What a run weighs: memory and CPU time of all its processes, looked at
//! now and then.

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use trace::{WaitsFor, What};

use crate::ceiling::Reason;
use crate::held::held;
use crate::keeper::Keeper;
use crate::proc_stat::{cpu_time, waited_for_cpu};
use crate::tree::Index;

/// So often a run is weighed.
pub(crate) const LOOK: Duration = Duration::from_millis(50);
const KIB: u64 = 1024;

impl<W: Write> Keeper<W> {
    /// Ends the run if a ceiling is reached.
    pub(crate) fn end_if_reached(&mut self) {
        self.ending = self.reached();
        if self.ending.is_some() {
            self.end_everybody();
        }
    }

    /// The ceiling that is reached, if one is; who has reached it is told.
    fn reached(&mut self) -> Option<Reason> {
        let (begun, created) = (self.begun, self.tree.created());
        let threads = self.tree.threads();
        let reached =
            self.ceilings.reached(begun, created, threads, self.written);
        if let Some(reason) = reached {
            match reason {
                Reason::Output => self.tell_limit(self.writer),
                Reason::Wall => self.tell_starved(),
                _ => {}
            }
            return Some(reason);
        }
        if let Some((reason, who)) = self.too_heavy() {
            self.tell_limit(who);
            return Some(reason);
        }
        self.order.has_failed().then_some(Reason::NoReader)
    }

    /// Tells who is the reason that the run is ended.
    fn tell_limit(&mut self, index: Index) {
        let from_us = self.now();
        self.tell_end(index, "limit", from_us);
    }

    /// Tells who has waited for a CPU for most of the run, the keeper's own
    /// waits included: its time says little of the program.
    fn tell_starved(&mut self) {
        let tids = self.tree.tids();
        let waits = tids.map(|(tid, thread)| {
            (waited_for_cpu(&tid.to_string()), thread.process)
        });
        let most = waits.max_by_key(|(waited, _)| *waited);
        let Some((waited, index)) = most else { return };
        let waited = waited.max(waited_for_cpu("self"));
        let (waited_us, now) = (waited.as_micros() as u64, self.now());
        if waited_us > now / 4 * 3 {
            self.tell_end(index, "cpu", now.saturating_sub(waited_us));
        }
    }

    fn tell_end(&mut self, index: Index, kind: &str, from_us: u64) {
        let pid = self.tree.process(index).pid;
        let kind = kind.to_owned();
        let on = WaitsFor { kind, object: None, fd: None, child: None };
        let call = String::new();
        self.tell(index, pid, What::Block { call, on, from_us });
    }

    /// Whether a run has become too heavy, and which process is the largest
    /// part of it.
    fn too_heavy(&mut self) -> Option<(Reason, Index)> {
        let ceilings = self.ceilings;
        if !ceilings.are_weighed() || self.weighed.elapsed() < LOOK {
            return None;
        }
        self.weighed = Instant::now();
        let living = self.tree.living();
        let heaviest = |weigh: fn(i32) -> u64| {
            let weights = living.iter().map(|(at, pid)| (*at, weigh(*pid)));
            let weights: Vec<(Index, u64)> = weights.collect();
            let sum = weights.iter().map(|it| it.1).sum::<u64>();
            let most = weights.into_iter().max_by_key(|it| it.1);
            (sum, most.map_or(0, |it| it.0))
        };
        if let Some(limit) = ceilings.cpu {
            let (sum, who) = heaviest(|pid| cpu_time(pid).as_micros() as u64);
            if sum + self.spent_us > limit.as_micros() as u64 {
                return Some((Reason::Cpu, who));
            }
        }
        let pids: Vec<i32> = living.iter().map(|it| it.1).collect();
        let held = held(&pids, self.belongings.as_ref());
        let is_above =
            |limit: Option<u64>, value| limit.is_some_and(|it| value > it);
        let has_most = living.iter().find(|it| Some(it.1) == held.most);
        let has_most = has_most.map_or(0, |it| it.0);
        if is_above(ceilings.descriptors, held.descriptors) {
            return Some((Reason::Descriptors, has_most));
        }
        if is_above(ceilings.removed, held.removed) {
            return Some((Reason::Removed, has_most));
        }
        let limit = ceilings.memory?;
        // What is shared counts for each: so it is asked only then.
        let (sum, who) = heaviest(resident);
        let is_over = sum + held.memory > limit
            && Share::of_all(&pids).beside(held.memory) > limit;
        is_over.then_some((Reason::Memory, who))
    }
}

/// Memory with the tables that it takes to find it.
fn resident(pid: i32) -> u64 {
    let status = read(pid, "status");
    kib(&status, "VmRSS:").unwrap_or(0) + kib(&status, "VmPTE:").unwrap_or(0)
}

/// A process's part of memory: what several map is divided among them
/// (proc_pid_smaps(5)).
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    own: u64,
    /// Of files in memory.
    shared: u64,
}

impl Share {
    fn of_all(pids: &[i32]) -> Self {
        let shares = pids.iter().map(|pid| Self::of(*pid));
        shares.fold(Self::default(), |all, it| Self {
            own: all.own + it.own,
            shared: all.shared + it.shared,
        })
    }

    /// With what is held and may be mapped as well.
    fn beside(&self, held: u64) -> u64 {
        self.own + self.shared.max(held)
    }

    fn of(pid: i32) -> Self {
        let smaps = read(pid, "smaps_rollup");
        let Some(all) = kib(&smaps, "Pss:") else {
            // It lets nobody look.
            return Self { own: resident(pid), shared: 0 };
        };
        let shared = kib(&smaps, "Pss_Shmem:").unwrap_or(0);
        let tables = kib(&read(pid, "status"), "VmPTE:").unwrap_or(0);
        Self { own: all.saturating_sub(shared) + tables, shared }
    }
}

fn read(pid: i32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
}

/// Bytes, of a line in KiB.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number = line.split_whitespace().next()?;
    Some(number.parse::<u64>().ok()? * KIB)
}
