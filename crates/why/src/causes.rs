//! From knots of waits to root causes.

use crate::answer::Cause;
use crate::census::Census;
use crate::graph::{Graph, Step};
use crate::wait::{Evidence, Kind, Wait};

/// A root cause, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    pub(crate) cause: Cause,
    /// The tasks of the knot.
    pub(crate) knot: Vec<usize>,
    /// The ring, if there is one; the first does not stand again at the end.
    pub(crate) ring: Vec<Step>,
}

/// What a knot is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) census: &'a Census,
    pub(crate) waits: &'a [Wait],
    pub(crate) graph: &'a Graph,
}

impl Judge<'_> {
    /// Of a ring, the process that was created first stands first.
    pub(crate) fn judge(self, knot: Vec<usize>) -> Found {
        let mut found = self.found(knot);
        let order = |step: &Step| {
            let task = &self.census.tasks[step.0];
            (&self.census.processes[task.process].who, task.tid)
        };
        let steps = found.ring.iter().enumerate();
        let first = steps.min_by_key(|(_, step)| order(step));
        let first = first.map_or(0, |(place, _)| place);
        found.ring.rotate_left(first);
        found
    }

    fn found(self, knot: Vec<usize>) -> Found {
        if let Some(cause) = self.evident(&knot) {
            let ring = self.any_ring(&knot);
            return Found { cause, knot, ring };
        }
        let is_lock = |_, kind, _| matches!(kind, Kind::FileLock | Kind::Mutex);
        if let Some(ring) = self.graph.ring(&knot, &is_lock) {
            let cause = match ring.len() {
                1 => Cause::SelfLock,
                _ => Cause::LockCycle,
            };
            return Found { cause, knot, ring };
        }
        if let Some(ring) = self.semaphores(&knot) {
            return Found { cause: Cause::LockCycle, knot, ring };
        }
        if let Some(ring) = self.exchange(&knot) {
            return Found { cause: Cause::PipeCycle, knot, ring };
        }
        let ring = self.any_ring(&knot);
        let cause = match ring.is_empty() {
            true => self.alone(&knot),
            false if self.is_idle_loop(&ring) => self.alone(&knot),
            false => self.of_ring(&ring),
        };
        Found { cause, knot, ring }
    }

    /// A ring of semaphores of which each is another. Who shares them could
    /// post them too, but one that waits for a child is not in the ring.
    fn semaphores(self, knot: &[usize]) -> Option<Vec<Step>> {
        let is_between = |task: usize, kind: Kind, process: usize| {
            kind == Kind::Semaphore
                && self.census.tasks[task].process != process
                && !self.shares(task, process)
        };
        self.graph.ring(knot, &is_between)
    }

    /// A writer that has the read end too has it from a fork: where somebody
    /// else could read, the ring leads there.
    fn any_ring(self, knot: &[usize]) -> Vec<Step> {
        let is_not_own = |task: usize, kind: Kind, process: usize| {
            !matches!(kind, Kind::PipeRoom | Kind::SocketRoom)
                || self.census.tasks[task].process != process
        };
        let ring = self.graph.ring(knot, &is_not_own);
        let any = || self.graph.ring(knot, &|_, _, _| true);
        ring.or_else(any).unwrap_or_default()
    }

    /// What was read beside the waits tells most.
    fn evident(self, knot: &[usize]) -> Option<Cause> {
        let waits = knot.iter().flat_map(|task| self.waits[*task].each());
        let evidence = waits.filter_map(|wait| wait.evidence.as_ref());
        evidence
            .filter_map(|evidence| match evidence {
                Evidence::DeadHolder(_) | Evidence::LastUser(_) => {
                    Some(Cause::LockHolderDead)
                }
                Evidence::PrivateButShared => Some(Cause::PrivateFutex),
                Evidence::Fifo(_) | Evidence::Signals { .. } => None,
            })
            .next()
    }

    /// A ring of pipes between processes of which none waits for a child: no
    /// close(2) would end it.
    fn exchange(self, knot: &[usize]) -> Option<Vec<Step>> {
        let is_of_pipes = knot.iter().all(|task| {
            let mut each = self.waits[*task].each().into_iter();
            each.all(|wait| {
                let kind = wait.kind;
                matches!(kind, Kind::PipeData | Kind::PipeRoom | Kind::Poll)
            })
        });
        let is_between = |task: usize, kind: Kind, process: usize| {
            matches!(kind, Kind::PipeData | Kind::PipeRoom)
                && self.census.tasks[task].process != process
                && !self.shares(task, process)
        };
        is_of_pipes.then(|| self.graph.ring(knot, &is_between)).flatten()
    }

    /// Two that wait at the same end of one pipe: neither gives the other
    /// anything, each has forgotten a close(2).
    fn shares(self, task: usize, process: usize) -> bool {
        let its: Vec<_> = self.waits[task].each();
        let others = self.census.processes[process].tasks.iter();
        let others = others.flat_map(|other| self.waits[*other].each());
        others.into_iter().any(|other| {
            its.iter().any(|it| {
                it.object.is_some()
                    && (it.kind, &it.object) == (other.kind, &other.object)
            })
        })
    }

    fn of_ring(self, ring: &[Step]) -> Cause {
        let is_for_a_process = |kind: &Kind| {
            matches!(kind, Kind::Child | Kind::Vfork | Kind::Process)
        };
        let mut kinds: Vec<Kind> = ring.iter().map(|step| step.1).collect();
        let is_alone = kinds.len() == 1;
        let before = kinds.len();
        kinds.retain(|kind| !is_for_a_process(kind));
        let is_waited_for = kinds.len() < before;
        let all = |meant: Kind| {
            !kinds.is_empty() && kinds.iter().all(|kind| *kind == meant)
        };
        if all(Kind::PipeData) || is_alone && all(Kind::SocketData) {
            Cause::WriteEndOpen
        } else if is_alone && all(Kind::PipeRoom) {
            Cause::PipeCycle
        } else if all(Kind::Message) {
            Cause::QueueEmpty
        } else if all(Kind::MessageRoom) {
            Cause::QueueFull
        } else if all(Kind::PrivateFutex) {
            Cause::PrivateFutex
        } else if all(Kind::Connect) {
            Cause::NoPeer
        } else if is_waited_for && all(Kind::Semaphore) && self.has_zombie() {
            Cause::LockHolderDead
        } else {
            Cause::WaitCycle
        }
    }

    /// Threads that could wake each other and wait for work: what is missing
    /// is whoever brings some.
    fn is_idle_loop(self, ring: &[Step]) -> bool {
        let process = |step: &Step| self.census.tasks[step.0].process;
        let is_for_work = |kind: Kind| {
            matches!(kind, Kind::Eventfd | Kind::SelfPipe | Kind::PrivateFutex)
        };
        ring.iter().any(|step| self.waits[step.0].kind == Kind::Poll)
            && ring.iter().all(|step| is_for_work(step.1))
            && ring.iter().all(|step| process(step) == process(&ring[0]))
    }

    fn has_zombie(self) -> bool {
        let census = self.census;
        (0..census.processes.len()).any(|process| !census.is_alive(process))
    }

    /// A knot without a ring is one task that nobody in particular could
    /// wake.
    fn alone(self, knot: &[usize]) -> Cause {
        let each = knot.iter().flat_map(|task| self.waits[*task].each());
        let kinds = each.map(|wait| wait.kind);
        kinds.filter_map(lonely).next().unwrap_or(Cause::WaitCycle)
    }
}

fn lonely(kind: Kind) -> Option<Cause> {
    Some(match kind {
        Kind::PipeData => Cause::WriteEndOpen,
        Kind::PipeRoom | Kind::PipeHangup => Cause::PipeCycle,
        Kind::FifoPeer
        | Kind::SocketData
        | Kind::SocketRoom
        | Kind::Accept
        | Kind::Connect => Cause::NoPeer,
        Kind::FileLock | Kind::Mutex | Kind::Semaphore => Cause::LockHolderDead,
        Kind::SharedFutex | Kind::PrivateFutex => Cause::PrivateFutex,
        Kind::Signal => Cause::SignalNeverComes,
        Kind::Stop => Cause::WaitsForStopped,
        Kind::Message | Kind::Eventfd | Kind::SelfPipe => Cause::QueueEmpty,
        Kind::MessageRoom => Cause::QueueFull,
        _ => return None,
    })
}
