//! One look at the tree: its processes, their threads, and what each is in.

use std::collections::HashMap;

use trace::{Event, What, Who};

use crate::parse::{Stat, Status};
use crate::proc::{Called, Proc};

/// A process of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) start: u64,
    pub(crate) parent: i32,
    pub(crate) name: String,
    pub(crate) who: Who,
    /// Of its first thread.
    pub(crate) state: char,
    /// Places in [`Census::tasks`]: its threads that have not ended.
    pub(crate) tasks: Vec<usize>,
}

/// A thread that has not ended.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) tid: i32,
    /// Place in [`Census::processes`].
    pub(crate) process: usize,
    pub(crate) name: String,
    pub(crate) state: char,
    pub(crate) start: u64,
    pub(crate) called: Called,
    pub(crate) status: Status,
}

/// What has to be the same in the next look if nothing moved.
pub(crate) type Signs = Vec<(i32, u64, char, Called, u64)>;

/// One look.
#[derive(Debug, Default)]
pub(crate) struct Census {
    /// The pid of the first process, and when it started.
    pub(crate) root: (i32, u64),
    pub(crate) processes: Vec<Process>,
    pub(crate) tasks: Vec<Task>,
    by_pid: HashMap<i32, usize>,
    by_tid: HashMap<i32, usize>,
    /// For each pid, the living processes for which it can wait.
    awaited: HashMap<i32, Vec<usize>>,
    /// The observer that asks, or that keeps the tree's orphans.
    pub(crate) reaper: Option<i32>,
}

/// The names that a history gives.
#[derive(Debug)]
struct Known<'a> {
    /// By an event of their own: of a pid and a start time.
    own: HashMap<(i32, u64), &'a Who>,
    /// By their creation: of a pid, with the creator's.
    created: HashMap<i32, (i32, &'a Who)>,
}

impl<'a> Known<'a> {
    fn new(history: &'a [Event]) -> Self {
        let own = history.iter().map(|it| ((it.pid, it.start), &it.who));
        // Where a pid was used twice, the later creation counts.
        let created = history.iter().filter_map(|event| match &event.what {
            What::Create { child: Some(who), child_pid: Some(pid), .. } => {
                Some((*pid, (event.pid, who)))
            }
            _ => None,
        });
        Self { own: own.collect(), created: created.collect() }
    }

    /// `is_adopted` if its parent is not of the tree: who created it has
    /// ended.
    fn who(&self, process: &Process, is_adopted: bool) -> Option<Who> {
        let own = self.own.get(&(process.pid, process.start)).copied();
        let created = self.created.get(&process.pid).copied();
        let created = created
            .filter(|(creator, _)| is_adopted || *creator == process.parent);
        own.or(created.map(|(_, who)| who)).cloned()
    }
}

/// The tree that is asked about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Roots {
    /// The first process, and when it started.
    pub(crate) root: (i32, u64),
    /// A subreaper: its children that are not older than the root belong to
    /// the tree too.
    pub(crate) reaper: Option<i32>,
}

impl Census {
    /// Looks at every process of the tree and at each of its threads.
    pub(crate) fn take(proc: Proc, roots: Roots) -> Self {
        let mut census =
            Self { root: roots.root, reaper: roots.reaper, ..Self::default() };
        for Member { pid, stat, tids } in members(proc, roots) {
            let place = census.processes.len();
            let mut process = Process {
                pid,
                start: stat.start,
                parent: stat.parent,
                name: stat.name.clone(),
                who: Who::first(),
                state: stat.state,
                tasks: Vec::new(),
            };
            for tid in tids {
                let own = (tid == pid).then_some(&stat);
                let task = task(proc, pid, tid, place, own);
                let Some(task) = task else { continue };
                if task.status.tracer != 0 {
                    census.awaits(task.status.tracer, place);
                }
                census.by_tid.insert(tid, census.tasks.len());
                process.tasks.push(census.tasks.len());
                census.tasks.push(task);
            }
            if !process.tasks.is_empty() {
                census.awaits(process.parent, place);
            }
            census.by_pid.insert(pid, place);
            census.processes.push(process);
        }
        census
    }

    /// Names the processes: as the history has them, else by their place
    /// among their parent's children, older first.
    pub(crate) fn name(&mut self, root: i32, history: &[Event]) {
        let known = Known::new(history);
        let mut order: Vec<usize> = (0..self.processes.len()).collect();
        order.sort_by_key(|place| {
            let process = &self.processes[*place];
            (process.start, process.pid)
        });
        let mut names: HashMap<i32, (Who, u32)> = HashMap::new();
        names.insert(root, (Who::first(), 0));
        // A child may be as old as its parent and have a smaller pid, so
        // parents are looked for, round by round.
        while !order.is_empty() {
            let before = order.len();
            order.retain(|place| {
                let process = &mut self.processes[*place];
                let is_here = self.by_pid.contains_key(&process.parent);
                let parent = if is_here { process.parent } else { root };
                let mut who = known.who(process, !is_here);
                if process.pid != root {
                    let Some((above, born)) = names.get_mut(&parent) else {
                        return true;
                    };
                    *born += 1;
                    who = who.or_else(|| Some(above.child(*born)));
                }
                process.who = who.unwrap_or_else(Who::first);
                names.insert(process.pid, (process.who.clone(), 0));
                false
            });
            if order.len() == before {
                break; // pids were used again while we looked
            }
        }
    }

    pub(crate) fn process_of(&self, pid: i32) -> Option<usize> {
        self.by_pid.get(&pid).copied()
    }

    pub(crate) fn task_of(&self, tid: i32) -> Option<usize> {
        self.by_tid.get(&tid).copied()
    }

    /// A thread of the process that has not ended is left.
    pub(crate) fn is_alive(&self, process: usize) -> bool {
        !self.processes[process].tasks.is_empty()
    }

    /// The places of a process's living children, and of those that it
    /// traces.
    pub(crate) fn children(&self, pid: i32) -> Vec<usize> {
        self.awaited.get(&pid).cloned().unwrap_or_default()
    }

    fn awaits(&mut self, pid: i32, place: usize) {
        let awaited = self.awaited.entry(pid).or_default();
        if !awaited.contains(&place) {
            awaited.push(place);
        }
    }

    /// Whether nobody has run since a later look found the same: who has not
    /// been switched is in the same call, and has created nobody. What is not
    /// of the tree may have come to it by the subreaper alone.
    pub(crate) fn is_still(&self, proc: Proc) -> bool {
        let roots = Roots { root: self.root, reaper: self.reaper };
        if self.reaper.is_some() {
            return Self::take(proc, roots).signs() == self.signs();
        }
        let is_same =
            |task: &Task| proc.status(task.tid).as_ref() == Some(&task.status);
        let mut ended = self.processes.iter().filter(|it| it.tasks.is_empty());
        self.tasks.iter().all(is_same)
            && ended.all(|it| {
                let stat = proc.stat(it.pid);
                stat.is_some_and(|stat| {
                    stat.start == it.start && stat.has_ended()
                })
            })
    }

    pub(crate) fn signs(&self) -> Signs {
        let mut signs: Signs = self
            .tasks
            .iter()
            .map(|task| {
                let state = task.state;
                (task.tid, task.start, state, task.called, task.status.switches)
            })
            .collect();
        let ended = self.processes.iter().filter(|it| it.tasks.is_empty());
        signs.extend(
            ended.map(|it| (it.pid, it.start, 'Z', Called::Nothing, 0)),
        );
        signs.sort_by_key(|sign| sign.0);
        signs
    }
}

/// Whether a stopped or sleeping task can be told from one that moves. `D`
/// is left to the call: vfork(2) waits so for its child.
pub(crate) fn is_waiting(task: &Task) -> bool {
    matches!(task.state, 'S' | 'T' | 't' | 'D')
}

/// `own` is what has been read about the process, if this is its first
/// thread.
fn task(
    proc: Proc,
    pid: i32,
    tid: i32,
    process: usize,
    own: Option<&Stat>,
) -> Option<Task> {
    let stat = match own {
        Some(stat) => stat.clone(),
        None => proc.thread_stat(pid, tid)?,
    };
    if stat.has_ended() {
        return None;
    }
    // Before the call: whoever has not been switched since is still in it.
    let status = proc.status(tid)?;
    let called = match status.state {
        'S' | 'D' => proc.called(pid, tid),
        'Z' | 'X' => return None,
        _ => Called::Nothing,
    };
    Some(Task {
        tid,
        process,
        name: stat.name,
        state: status.state,
        start: stat.start,
        called,
        status,
    })
}

/// A process of the tree, as it is found.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) pid: i32,
    pub(crate) stat: Stat,
    pub(crate) tids: Vec<i32>,
}

impl Member {
    fn new(proc: Proc, pid: i32) -> Option<Self> {
        let stat = proc.stat(pid)?;
        let tids = match stat.threads {
            // A process with one thread has no other names.
            0 | 1 => vec![pid],
            _ => proc.tids(pid),
        };
        Some(Self { pid, stat, tids })
    }
}

/// The processes of the tree, a parent before its children.
pub(crate) fn members(proc: Proc, roots: Roots) -> Vec<Member> {
    let (root, start) = roots.root;
    let mut found = Vec::new();
    let first = Member::new(proc, root);
    let mut waiting: Vec<Member> =
        first.into_iter().filter(|it| it.stat.start == start).collect();
    if let Some(pid) = roots.reaper
        && let Some(reaper) = Member::new(proc, pid)
    {
        let adopted = children(proc, &reaper, None).into_iter();
        waiting.extend(adopted.filter(|it| {
            it.pid != root && (it.stat.start, it.pid) >= (start, root)
        }));
    }
    let all = match proc.children(root, root) {
        Some(_) => None,
        None => Some(parents(proc)),
    };
    while let Some(member) = waiting.pop() {
        waiting.extend(children(proc, &member, all.as_ref()));
        found.push(member);
    }
    found
}

type Parents = HashMap<i32, Vec<i32>>;

/// Who has which children, where the kernel cannot be asked one by one.
fn parents(proc: Proc) -> Parents {
    let mut parents = Parents::new();
    for pid in proc.pids() {
        if let Some(stat) = proc.stat(pid) {
            parents.entry(stat.parent).or_default().push(pid);
        }
    }
    parents
}

fn children(proc: Proc, of: &Member, all: Option<&Parents>) -> Vec<Member> {
    let pids: Vec<i32> = match all {
        Some(all) => all.get(&of.pid).cloned().unwrap_or_default(),
        None => {
            let list =
                |tid: &i32| proc.children(of.pid, *tid).unwrap_or_default();
            of.tids.iter().flat_map(list).collect()
        }
    };
    pids.into_iter()
        .filter_map(|child| Member::new(proc, child))
        .filter(|child| child.stat.parent == of.pid)
        .collect()
}
