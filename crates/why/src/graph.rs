//! Who may still move, and where the rest is tied together.
//!
//! A task is woken by any one of its wakers. So it may move if one of them
//! may, and what is left when that has been carried on to the end is proved
//! stuck.

use std::collections::{HashMap, VecDeque};

use crate::wait::{Kind, Wait, Waker};

/// The tree as nodes: first the tasks, then the processes, the groups, and
/// one node for anybody.
#[derive(Debug)]
pub(crate) struct Graph {
    tasks: usize,
    processes: usize,
    /// For each node, who could wake it, and of which kind the wait is.
    wakers: Vec<Vec<(usize, Kind)>>,
    /// For each node, who else could: not part of any ring.
    others: Vec<Vec<usize>>,
    /// Moves by itself, or is moved from outside.
    is_moved: Vec<bool>,
    anybody: usize,
}

/// Who outside of the tree may wake somebody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outside {
    /// Everybody.
    All,
    /// Those who hold a descriptor: strangers are known to take no part.
    Holders,
    /// Nobody, to learn what the tree can do by itself.
    Nobody,
}

/// What the graph is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    /// One for each task.
    pub(crate) waits: &'a [Wait],
    /// For each process, its tasks.
    pub(crate) tasks_of: &'a [&'a [usize]],
    /// For each group, its processes; `None` is one outside of the tree.
    pub(crate) groups: &'a [Vec<Option<usize>>],
    pub(crate) outside: Outside,
    /// The processes for which the kernel may act while they wait.
    pub(crate) served: &'a [usize],
}

/// One step of a ring: a task, and the kind of wait that leads on.
pub(crate) type Step = (usize, Kind);

type Components = (Vec<Vec<usize>>, Vec<Option<usize>>);

impl Graph {
    pub(crate) fn new(parts: Parts<'_>) -> Self {
        let tasks = parts.waits.len();
        let processes = parts.tasks_of.len();
        let first_group = tasks + processes;
        let anybody = first_group + parts.groups.len();
        let mut graph = Self {
            tasks,
            processes,
            wakers: vec![Vec::new(); anybody + 1],
            others: vec![Vec::new(); anybody + 1],
            is_moved: vec![false; anybody + 1],
            anybody,
        };
        for (task, wait) in parts.waits.iter().enumerate() {
            for (waker, kind) in wait.all_wakers() {
                if let Some(node) = graph.node(task, waker, parts) {
                    graph.wakers[task].push((node, kind));
                }
            }
            let others = wait.each().into_iter().flat_map(|it| &it.others);
            for waker in others {
                if let Some(node) = graph.node(task, *waker, parts) {
                    graph.others[task].push(node);
                }
            }
        }
        graph.add_processes(parts);
        graph
    }

    /// The node of somebody who could wake a task; `None` is nobody, or what
    /// moves the task itself.
    fn node(
        &mut self,
        task: usize,
        waker: Waker,
        parts: Parts<'_>,
    ) -> Option<usize> {
        match waker {
            Waker::Task(other) => Some(other),
            Waker::Process(process) => Some(self.tasks + process),
            Waker::Group(group) => Some(self.tasks + self.processes + group),
            Waker::Anybody => Some(self.anybody),
            Waker::Stranger | Waker::Unseen
                if parts.outside != Outside::All =>
            {
                None
            }
            Waker::Outside if parts.outside == Outside::Nobody => None,
            Waker::Stranger | Waker::Unseen | Waker::Outside | Waker::Moves => {
                self.is_moved[task] = true;
                None
            }
        }
    }

    fn add_processes(&mut self, parts: Parts<'_>) {
        let tasks = self.tasks;
        let first_group = tasks + self.processes;
        for (process, its) in parts.tasks_of.iter().enumerate() {
            let node = tasks + process;
            self.wakers[node] =
                its.iter().map(|task| (*task, Kind::Other)).collect();
            self.wakers[self.anybody].push((node, Kind::Other));
        }
        for process in parts.served {
            self.is_moved[tasks + process] = true;
        }
        for (group, holders) in parts.groups.iter().enumerate() {
            let node = first_group + group;
            self.is_moved[node] =
                holders.contains(&None) && parts.outside != Outside::Nobody;
            self.wakers[node] = holders
                .iter()
                .flatten()
                .map(|process| (tasks + process, Kind::Other))
                .collect();
        }
    }

    /// For each node, whether it is proved that nobody will wake it.
    pub(crate) fn stuck(&self) -> Vec<bool> {
        let mut woken: Vec<Vec<usize>> = vec![Vec::new(); self.wakers.len()];
        for node in 0..self.wakers.len() {
            let named = self.wakers[node].iter().map(|(waker, _)| waker);
            for waker in named.chain(&self.others[node]) {
                woken[*waker].push(node);
            }
        }
        let mut stuck = vec![true; self.wakers.len()];
        let mut next: VecDeque<usize> = (0..self.wakers.len())
            .filter(|node| self.is_moved[*node])
            .collect();
        for node in &next {
            stuck[*node] = false;
        }
        while let Some(node) = next.pop_front() {
            for waiter in &woken[node] {
                if std::mem::take(&mut stuck[*waiter]) {
                    next.push_back(*waiter);
                }
            }
        }
        stuck.truncate(self.tasks);
        stuck
    }

    /// The knots among the stuck: the sets of tasks in which each depends on
    /// all others, and on nobody else. Whatever else is stuck waits for one
    /// of them.
    pub(crate) fn knots(&self, stuck: &[bool]) -> Vec<Vec<usize>> {
        let (knots, knot_of) = self.components(stuck);
        let is_last = |members: &Vec<usize>| {
            members.iter().all(|node| {
                self.stuck_wakers(*node, stuck)
                    .all(|next| knot_of[next] == knot_of[*node])
            })
        };
        let mut last: Vec<Vec<usize>> =
            knots.into_iter().filter(is_last).collect();
        for knot in &mut last {
            knot.retain(|node| stuck.get(*node) == Some(&true));
            knot.sort_unstable();
        }
        last.retain(|knot| !knot.is_empty());
        last.sort();
        last
    }

    /// The sets of nodes of which each leads to all others; and for each
    /// node, its set.
    fn components(&self, stuck: &[bool]) -> Components {
        let order = self.finished_order(stuck);
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.wakers.len()];
        for node in 0..self.wakers.len() {
            for next in self.stuck_wakers(node, stuck) {
                before[next].push(node);
            }
        }
        // Kosaraju's way: on the reversed graph, in the reversed order.
        let mut knot_of: Vec<Option<usize>> = vec![None; self.wakers.len()];
        let mut knots: Vec<Vec<usize>> = Vec::new();
        for root in order.into_iter().rev() {
            if knot_of[root].is_some() {
                continue;
            }
            let mut open = vec![root];
            knot_of[root] = Some(knots.len());
            let mut members = Vec::new();
            while let Some(node) = open.pop() {
                members.push(node);
                for next in &before[node] {
                    if knot_of[*next].is_none() {
                        knot_of[*next] = Some(knots.len());
                        open.push(*next);
                    }
                }
            }
            knots.push(members);
        }
        (knots, knot_of)
    }

    /// Where one may go on from a node without leaving the stuck part.
    fn stuck_wakers<'a>(
        &'a self,
        node: usize,
        stuck: &'a [bool],
    ) -> impl Iterator<Item = usize> + 'a {
        let is_stuck = |node: &usize| stuck.get(*node).is_none_or(|it| *it);
        let is_here = is_stuck(&node) && node != self.anybody;
        self.wakers[node]
            .iter()
            .map(|(next, _)| *next)
            .filter(move |_| is_here)
            .filter(|next| !self.leads_nowhere(*next))
            .filter(move |next| is_stuck(next))
    }

    /// Nobody in particular, or only those who have ended.
    fn leads_nowhere(&self, node: usize) -> bool {
        let is_ended = |process: usize| self.wakers[process].is_empty();
        match node {
            _ if node < self.tasks => false,
            _ if node == self.anybody => true,
            _ if node < self.tasks + self.processes => is_ended(node),
            _ => self.wakers[node].iter().all(|it| is_ended(it.0)),
        }
    }

    /// The nodes in the order in which a search in depth leaves them.
    fn finished_order(&self, stuck: &[bool]) -> Vec<usize> {
        let mut order = Vec::new();
        let mut is_seen = vec![false; self.wakers.len()];
        for root in 0..self.wakers.len() {
            if std::mem::replace(&mut is_seen[root], true) {
                continue;
            }
            let next: Vec<usize> = self.stuck_wakers(root, stuck).collect();
            let mut path = vec![(root, next)];
            while let Some((node, next)) = path.last_mut() {
                match next.pop() {
                    None => {
                        order.push(*node);
                        path.pop();
                    }
                    Some(next) if is_seen[next] => {}
                    Some(next) => {
                        is_seen[next] = true;
                        let on = self.stuck_wakers(next, stuck).collect();
                        path.push((next, on));
                    }
                }
            }
        }
        order
    }

    /// The shortest ring through tasks of a knot, over such waits only that
    /// `is_meant` accepts (the task, the kind, the process that it leads to;
    /// the own process among them). Its first task does not stand again at
    /// the end.
    pub(crate) fn ring(
        &self,
        knot: &[usize],
        is_meant: &dyn Fn(usize, Kind, usize) -> bool,
    ) -> Option<Vec<Step>> {
        const TRIED: usize = 64;
        // A knot of thousands is more of the same.
        let tried = if knot.len() > TRIED { 4 } else { TRIED };
        let mut best: Option<Vec<Step>> = None;
        for from in knot.iter().take(tried) {
            let ring = self.ring_from(*from, knot, is_meant);
            let is_shorter = |ring: &Vec<Step>| {
                best.as_ref().is_none_or(|best| ring.len() < best.len())
            };
            if let Some(ring) = ring.filter(is_shorter) {
                best = Some(ring);
            }
            if best.as_ref().is_some_and(|best| best.len() == 1) {
                break;
            }
        }
        best
    }

    fn ring_from(
        &self,
        from: usize,
        knot: &[usize],
        is_meant: &dyn Fn(usize, Kind, usize) -> bool,
    ) -> Option<Vec<Step>> {
        let mut came: Vec<Option<Step>> = vec![None; self.tasks];
        // Of each group, the processes that have not been reached yet.
        let mut left: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut next = VecDeque::from([from]);
        while let Some(task) = next.pop_front() {
            for (node, kind) in &self.wakers[task] {
                let meant = |process: usize| {
                    let its = &self.wakers[self.tasks + process];
                    let is_itself = its.iter().all(|it| it.0 == task);
                    (!is_itself || may_lead_to_itself(*kind))
                        && is_meant(task, *kind, process)
                };
                for to in self.tasks_behind(*node, &mut left, &meant) {
                    let is_itself = to == task && !may_lead_to_itself(*kind);
                    let is_known = came[to].is_some();
                    if is_itself || is_known || knot.binary_search(&to).is_err()
                    {
                        continue;
                    }
                    came[to] = Some((task, *kind));
                    if to == from {
                        return Some(way_back(from, &came));
                    }
                    next.push_back(to);
                }
            }
        }
        None
    }

    /// The tasks behind a waker: itself, or those of its processes that are
    /// meant.
    fn tasks_behind(
        &self,
        node: usize,
        left: &mut HashMap<usize, Vec<usize>>,
        is_meant: &dyn Fn(usize) -> bool,
    ) -> Vec<usize> {
        let is_meant = |node: &usize| is_meant(node - self.tasks);
        let tasks =
            |process: usize| self.wakers[process].iter().map(|(task, _)| *task);
        if node == self.anybody {
            return Vec::new();
        }
        if node < self.tasks {
            return vec![node];
        }
        if node < self.tasks + self.processes {
            let processes = [node].into_iter().filter(is_meant);
            return processes.flat_map(tasks).collect();
        }
        let all = left.entry(node).or_insert_with(|| {
            self.wakers[node].iter().map(|(process, _)| *process).collect()
        });
        let (reached, rest): (Vec<usize>, Vec<usize>) =
            all.drain(..).partition(is_meant);
        *all = rest;
        reached.into_iter().flat_map(tasks).collect()
    }
}

/// Whether a task that waits for itself has made a mistake by holding the
/// other end. Of what is shared by all, it holds its part by nature.
fn may_lead_to_itself(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PipeData
            | Kind::PipeRoom
            | Kind::SocketData
            | Kind::SocketRoom
            | Kind::FileLock
            | Kind::Mutex
            | Kind::Connect
    )
}

fn way_back(from: usize, came: &[Option<Step>]) -> Vec<Step> {
    let mut ring = Vec::new();
    let mut at = from;
    while let Some((before, kind)) = came[at] {
        ring.push((before, kind));
        at = before;
        if at == from {
            break;
        }
    }
    ring.reverse();
    ring
}

#[cfg(test)]
mod tests;
