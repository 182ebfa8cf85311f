//! From a quiet look to an answer.

use trace::Who;

use crate::alarms::Alarms;
use crate::answer::{
    Answer, Basis, Cause, Holder, Process, SHOWN, Thread, Unless, VERSION,
    Verdict, WaitsFor,
};
use crate::calls;
use crate::causes::{Found, Judge};
use crate::census::{Census, Task};
use crate::cgroups;
use crate::fifos;
use crate::graph::{Graph, Outside, Parts};
use crate::plain::plain;
use crate::proc::{Called, Proc};
use crate::question::Question;
use crate::says::Speaker;
use crate::scene::{Group, Scene};
use crate::unseen;
use crate::wait::{Kind, Wait, Waker};

/// Everything that is known when the sentences are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) census: &'a Census,
    pub(crate) waits: &'a [Wait],
    pub(crate) groups: &'a [Group],
    /// For each task.
    pub(crate) stuck: &'a [bool],
    pub(crate) is_closed: bool,
    /// Whether nothing of the tree goes on without somebody outside.
    pub(crate) rests: bool,
    /// Processes which an alarm would end that nobody has seen.
    pub(crate) untold: &'a [usize],
    /// Whether a cgroup may raise an eventfd for which one of the stuck
    /// waits.
    pub(crate) may_be_raised: bool,
    /// Whether a pipe at which one of the stuck waits may be older than it
    /// looks.
    pub(crate) may_be_older: bool,
    /// Whether every stranger was looked at.
    pub(crate) is_settled: bool,
    /// Who may hold an object, but may not be read.
    pub(crate) unseen: &'a [i32],
    /// What is wrong if nobody outside helps, where only that could.
    pub(crate) if_alone: &'a [Found],
    /// To name strangers.
    pub(crate) proc: Proc,
}

/// The answer about a tree in which no task runs.
pub(crate) fn tell(
    proc: Proc,
    census: &Census,
    question: &Question<'_>,
) -> Answer {
    let (history, is_closed) = (question.history, question.tree.closed);
    let alarms = Alarms::new(history, question.has_all_alarms);
    let mut scene = Scene::new(proc, census, history, &alarms);
    let mut waits = scene.waits();
    let outside = if is_closed { Outside::Holders } else { Outside::All };
    let Proved { graph, closed, stuck, rests } =
        Proved::new(&mut scene, &mut waits, outside);
    let unseen = scene.holdings.unseen.clone();
    let is_settled = scene.holdings.strangers.is_settled;
    let is_held = |it: &(&Wait, &bool)| *it.1;
    let held = waits.iter().zip(&stuck).filter(is_held).map(|it| it.0);
    // A closed tree has no elders.
    let may_be_older =
        (!is_closed || proc.is_below_others()) && scene.has_ageless(held);
    let groups = scene.groups;
    let judge = Judge { census, waits: &waits, graph: &graph };
    let found = found(judge, &stuck);
    let if_alone = match rests && stuck.contains(&false) {
        true => rings_if_alone(Judge { graph: &closed, ..judge }),
        false => Vec::new(),
    };
    let mut held = waits.iter().zip(&stuck).filter(is_held);
    let may_be_raised = cgroups::may_raise_events(proc)
        && held.any(|(wait, _)| is_of_event(wait));
    let known = Known {
        census,
        waits: &waits,
        groups: &groups,
        stuck: &stuck,
        is_closed,
        rests,
        untold: &alarms.untold(proc, census),
        may_be_raised,
        may_be_older,
        is_settled,
        unseen: &unseen,
        if_alone: &if_alone,
        proc,
    };
    known.answer(&found)
}

fn is_of_event(wait: &Wait) -> bool {
    wait.each().iter().any(|it| it.kind == Kind::Eventfd)
}

/// What would be wrong in a closed tree, where that is more than that somebody
/// is missing: a server that waits for its clients has nothing wrong with it.
fn rings_if_alone(closed: Judge<'_>) -> Vec<Found> {
    let stuck = closed.graph.stuck();
    if stuck.contains(&false) {
        return Vec::new();
    }
    let is_loop = |it: &Found| it.cause == Cause::QueueEmpty;
    let mut found = found(closed, &stuck);
    found.retain(|it| !it.ring.is_empty() && !is_loop(it));
    found
}

/// What is wrong in each knot of the stuck.
fn found(judge: Judge<'_>, stuck: &[bool]) -> Vec<Found> {
    let knots = judge.graph.knots(stuck).into_iter();
    let found = knots.map(|knot| judge.judge(knot)).collect();
    fifos::join(found, judge.census, judge.waits)
}

/// Who is proved stuck, by a graph of who depends on whom.
struct Proved {
    graph: Graph,
    /// The same, if nobody outside takes part.
    closed: Graph,
    stuck: Vec<bool>,
    /// Whether nothing of the tree goes on without somebody outside.
    rests: bool,
}

impl Proved {
    /// Reads more closely before anybody is called stuck.
    fn new(
        scene: &mut Scene<'_>,
        waits: &mut [Wait],
        outside: Outside,
    ) -> Self {
        let all = &scene.census.processes;
        let tasks_of: Vec<&[usize]> =
            all.iter().map(|it| it.tasks.as_slice()).collect();
        let build =
            |scene: &Scene<'_>, waits: &[Wait], outside, served: &[usize]| {
                let groups = &holders(&scene.groups);
                let tasks_of = &tasks_of;
                Graph::new(Parts { waits, tasks_of, groups, outside, served })
            };
        let alone = build(scene, waits, Outside::Nobody, &[]).stuck();
        let mut served = Vec::new();
        if alone.contains(&true) {
            scene.find_hindered(waits);
            scene.follow_connections_on_the_way_out();
            scene.follow_strangers();
            scene.doubt_by_age(waits);
            served = scene.served();
            let has_events = waits.iter().any(is_of_event);
            if !served.is_empty() || has_events && scene.has_keeper() {
                Scene::doubt_events(waits);
            }
        }
        let graph = build(scene, waits, outside, &served);
        let alone = build(scene, waits, Outside::Nobody, &served).stuck();
        let closed = build(scene, waits, Outside::Holders, &served);
        let stuck = graph.stuck();
        Self { graph, closed, stuck, rests: alone.iter().all(|stuck| *stuck) }
    }
}

fn name(proc: Proc, pid: i32) -> Option<String> {
    let stat = proc.stat(pid)?;
    Some(format!("pid {pid} ({})", plain(&stat.name)))
}

/// Of each group, the processes; `None` is one outside of the tree.
fn holders(groups: &[Group]) -> Vec<Vec<Option<usize>>> {
    let of = |group: &Group| {
        let outside = group.leads_outside.then_some(None);
        let all = group.holders.iter().map(|it| it.process);
        all.chain(outside).collect()
    };
    groups.iter().map(of).collect()
}

/// The answer about a tree in which something runs.
pub(crate) fn moving(proc: Proc, census: &Census) -> Answer {
    let stuck = vec![false; census.tasks.len()];
    let known = Known {
        census,
        waits: &[],
        groups: &[],
        stuck: &stuck,
        is_closed: false,
        rests: false,
        untold: &[],
        may_be_raised: false,
        may_be_older: false,
        is_settled: true,
        unseen: &[],
        if_alone: &[],
        proc,
    };
    known.answer(&[])
}

/// Processes that have ended and that nobody has collected.
pub(crate) fn ended(proc: Proc, census: &Census) -> Vec<Process> {
    moving(proc, census).processes
}

impl Known<'_> {
    /// Those who may not be read: from whom the first process may have
    /// inherited what it has, and the others.
    pub(crate) fn unseen(self) -> [Vec<String>; 2] {
        let hidden = || "a process that is hidden from us".to_owned();
        let above = unseen::above(self.proc, self.census.root.0);
        let (above, others): (Vec<i32>, Vec<i32>) =
            self.unseen.iter().partition(|pid| above.contains(pid));
        [above, others].map(|pids| {
            let names = pids.into_iter().map(|pid| name(self.proc, pid));
            names.map(|name| name.unwrap_or_else(hidden)).collect()
        })
    }

    /// `pid 4711 (cron)`; a stranger may have ended meanwhile.
    pub(crate) fn stranger(self, pid: i32) -> String {
        name(self.proc, pid).unwrap_or_else(|| format!("pid {pid}"))
    }

    fn answer(self, found: &[Found]) -> Answer {
        let is_stuck = self.stuck.iter().all(|stuck| *stuck);
        let mut causes = Vec::new();
        // Where something still moves, no cause is final.
        for found in found.iter().filter(|_| is_stuck) {
            if !causes.contains(&found.cause) {
                causes.push(found.cause);
            }
        }
        let mut processes: Vec<Process> = (0..self.census.processes.len())
            .map(|place| self.process(place))
            .collect();
        processes.sort_by(|one, other| one.who.cmp(&other.who));
        Answer {
            version: VERSION,
            verdict: match is_stuck {
                true => Verdict::Stuck,
                false => Verdict::Moving,
            },
            unless: if is_stuck { self.unless() } else { Vec::new() },
            rests: self.rests && !is_stuck,
            basis: self.basis(),
            causes,
            cycle: self.cycle(if is_stuck { found } else { &[] }),
            processes,
            says: Speaker(self).says(found),
        }
    }

    fn unless(self) -> Vec<Unless> {
        let alarm = (!self.untold.is_empty()).then_some(Unless::Alarm);
        let cgroup = self.may_be_raised.then_some(Unless::Cgroup);
        let age = self.may_be_older.then_some(Unless::Age);
        alarm.into_iter().chain(cgroup).chain(age).collect()
    }

    pub(crate) fn basis(self) -> Basis {
        let is_refused = |task: &Task| task.called == Called::Refused;
        match self.census.tasks.iter().any(is_refused) {
            true => Basis::Wchan,
            false => Basis::Syscall,
        }
    }

    fn cycle(self, found: &[Found]) -> Vec<Who> {
        let rings = found.iter().map(|found| &found.ring);
        let Some(ring) = rings.into_iter().find(|ring| !ring.is_empty()) else {
            return Vec::new();
        };
        let mut cycle: Vec<Who> =
            ring.iter().map(|step| self.who(step.0).clone()).collect();
        cycle.push(cycle[0].clone());
        cycle
    }

    pub(crate) fn who(&self, task: usize) -> &Who {
        &self.census.processes[self.census.tasks[task].process].who
    }

    /// A process is stuck if it lives and all its threads are stuck.
    pub(crate) fn is_stuck(self, process: usize) -> bool {
        let tasks = &self.census.processes[process].tasks;
        !tasks.is_empty() && tasks.iter().all(|task| self.stuck[*task])
    }

    fn process(self, place: usize) -> Process {
        let process = &self.census.processes[place];
        let mut tasks = process.tasks.iter().copied();
        let first = tasks
            .clone()
            .find(|task| self.census.tasks[*task].tid == process.pid);
        let first = first.or_else(|| tasks.next());
        let others = process.tasks.iter().copied();
        let others = others.filter(|task| Some(*task) != first);
        Process {
            who: process.who.clone(),
            name: process.name.clone(),
            pid: process.pid,
            state: process.state.to_string(),
            call: first.and_then(|task| self.call(task)),
            waits_for: first.and_then(|task| self.waits_for(task)),
            threads: others.map(|task| self.thread(task)).collect(),
            stuck: self.is_stuck(place),
        }
    }

    fn thread(self, place: usize) -> Thread {
        let task = &self.census.tasks[place];
        Thread {
            tid: task.tid,
            name: task.name.clone(),
            state: task.state.to_string(),
            call: self.call(place),
            waits_for: self.waits_for(place),
            stuck: self.stuck[place],
        }
    }

    pub(crate) fn call(self, task: usize) -> Option<String> {
        match self.census.tasks[task].called {
            Called::In(call) => Some(match calls::form(call.number) {
                Some((name, _)) => name.to_owned(),
                None => format!("call {}", call.number),
            }),
            _ => None,
        }
    }

    fn waits_for(self, task: usize) -> Option<WaitsFor> {
        Some(self.described(task, self.waits.get(task)?))
    }

    fn described(self, task: usize, wait: &Wait) -> WaitsFor {
        let any_of = wait.members.iter();
        WaitsFor {
            kind: wait.kind.word().to_owned(),
            object: wait.object.clone(),
            fd: wait.fd,
            holders: self.holders(task, wait),
            outside: self.leads_outside(wait),
            any_of: any_of.map(|it| self.described(task, it)).collect(),
        }
    }

    /// Whether somebody outside of the tree could end the wait.
    pub(crate) fn leads_outside(self, wait: &Wait) -> bool {
        wait.wakers.iter().chain(&wait.others).any(|waker| match waker {
            Waker::Outside => true,
            Waker::Stranger | Waker::Unseen => !self.is_closed,
            Waker::Group(group) => self.groups[*group].leads_outside,
            _ => false,
        })
    }

    /// Those who could end a task's wait, itself first.
    pub(crate) fn holders(self, task: usize, wait: &Wait) -> Vec<Holder> {
        let own = self.census.tasks[task].process;
        let mut holders = Vec::new();
        for waker in &wait.wakers {
            match waker {
                Waker::Task(task) => {
                    let mut holder = self.holder_of(*task);
                    holder.tid = Some(self.census.tasks[*task].tid);
                    holders.push(holder);
                }
                Waker::Process(process) => holders.push(self.holder(*process)),
                Waker::Group(group) => {
                    let group = &self.groups[*group];
                    holders.extend(self.holders_of(group, own));
                }
                _ => {}
            }
        }
        holders.truncate(SHOWN);
        holders
    }

    fn holder_of(self, task: usize) -> Holder {
        self.holder(self.census.tasks[task].process)
    }

    fn holder(self, process: usize) -> Holder {
        let process = &self.census.processes[process];
        Holder {
            who: process.who.to_string(),
            pid: process.pid,
            fd: None,
            tid: None,
        }
    }

    fn holders_of(
        self,
        group: &Group,
        own: usize,
    ) -> impl Iterator<Item = Holder> {
        let all = group.holders.iter();
        let own_first = group.of(own).iter().map(|it| &group.holders[*it]);
        let others = all.filter(move |it| it.process != Some(own));
        own_first.chain(others).take(SHOWN).map(move |holding| Holder {
            who: match holding.process {
                Some(place) => self.census.processes[place].who.to_string(),
                None => "outside".to_owned(),
            },
            pid: holding.pid,
            fd: holding.fd,
            tid: None,
        })
    }
}
