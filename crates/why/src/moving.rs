//! Sentences about those who are not stuck: what they wait for, and who can
//! still end that.

use crate::names;
use crate::says::Speaker;
use crate::wait::{Kind, Wait, Waker};

const ALARM: u64 = 1 << (libc::SIGALRM - 1);
/// As many who can end a wait are named.
const NAMED: usize = 2;

impl Speaker<'_> {
    pub(crate) fn moving(self, task: usize, wait: &Wait) -> String {
        let movers = self.movers(task, wait);
        let first = movers.iter().filter(|it| self.moves_itself(**it));
        let first: Vec<usize> = first.copied().collect();
        if wait.wakers.contains(&Waker::Moves)
            && let Some(sentence) = self.timed(task, wait)
        {
            sentence
        } else if !first.is_empty() {
            self.awaiting(task, wait, &first)
        } else if self.leads_outside(wait) {
            self.outside(task, wait)
        } else if !movers.is_empty() {
            self.awaiting(task, wait, &movers)
        } else if self.has_moving_thread(task, wait) {
            let call = self.call(task, wait);
            format!("waits in {call} for another thread of its own process")
        } else {
            self.by_chance(task, wait)
        }
    }

    /// A wait with an end of its own.
    fn timed(self, task: usize, wait: &Wait) -> Option<String> {
        let call = self.call(task, wait);
        Some(match wait.kind {
            Kind::Sleep => format!("waits in {call} with a time limit"),
            Kind::Terminal => format!("waits in {call} for a terminal"),
            Kind::Network => format!("waits in {call} for the network"),
            Kind::Other => format!("is in {call}, which counts as moving"),
            _ => return None,
        })
    }

    /// Ended by something that nobody in particular does.
    fn by_chance(self, task: usize, wait: &Wait) -> String {
        let call = self.call(task, wait);
        let on = on(wait);
        let status = &self.0.census.tasks[task].status;
        let has_alarm = status.caught & !status.blocked & ALARM != 0;
        if wait.all_wakers().iter().any(|it| it.0 == Waker::Moves) {
            return match has_alarm {
                true => format!(
                    "is in {call}{on}; it handles SIGALRM, and whether an \
                     alarm is set is not told"
                ),
                false => format!(
                    "is in {call}{on}; a timer or the kernel may end that"
                ),
            };
        }
        if wait.handled != 0 && !self.0.is_closed {
            return self.outside(task, wait);
        }
        let stop = "is stopped; another process of the tree can still send it \
                    SIGCONT";
        match wait.kind {
            Kind::Stop => stop.to_owned(),
            _ => format!(
                "waits in {call}{on}; another process of the tree can still \
                 end that"
            ),
        }
    }

    fn outside(self, task: usize, wait: &Wait) -> String {
        if wait.kind == Kind::Stop {
            return "is stopped: it waits for somebody outside, who would \
                    send it SIGCONT"
                .to_owned();
        }
        if let Some(sentence) = self.hindered(task, wait) {
            return sentence;
        }
        let handled = match wait.handled {
            0 => String::new(),
            _ if self.leads_outside(wait) => String::new(),
            set => format!(", and handles {}", few(&names::signals(set))),
        };
        format!(
            "waits for somebody outside: it is in {}{}{handled}",
            self.call(task, wait),
            on(wait)
        )
    }

    /// Kept in its call by somebody who has nothing to do with that.
    fn hindered(self, task: usize, wait: &Wait) -> Option<String> {
        let call = self.call(task, wait);
        Some(match wait.kind {
            Kind::Frozen => {
                "is frozen: whoever froze its cgroup can thaw it".to_owned()
            }
            Kind::Answer => format!(
                "waits for somebody outside: a filter of seccomp(2) has its \
                 {call} answered by another process"
            ),
            Kind::Fault => format!(
                "waits for somebody outside: in {call} it touched memory \
                 that another process fills"
            ),
            _ => return None,
        })
    }

    /// Whether somebody outside could end it other than by a signal that it
    /// handles in between.
    fn leads_outside(self, wait: &Wait) -> bool {
        let mut without = wait.clone();
        let last = wait.wakers.iter().rposition(|it| *it == Waker::Stranger);
        if let Some(last) = last.filter(|_| wait.handled != 0) {
            without.wakers.remove(last);
        }
        without.each().iter().any(|it| self.0.leads_outside(it))
    }

    /// For whom it waits: some who can still move.
    fn awaiting(self, task: usize, wait: &Wait, movers: &[usize]) -> String {
        let call = self.call(task, wait);
        let names: Vec<String> =
            movers.iter().map(|place| self.name(*place)).collect();
        let who = few(&names);
        let object = self.object(wait);
        match wait.kind {
            Kind::Child | Kind::Process => {
                format!("waits in {call} for {who} to end")
            }
            Kind::Vfork => {
                format!("waits in {call} for {who} to call execve or to end")
            }
            Kind::PipeData | Kind::SocketData => format!(
                "waits in {call} for {who} at the other end of {object}"
            ),
            Kind::PipeRoom | Kind::SocketRoom => {
                format!("waits in {call} for {who} to read from {object}")
            }
            Kind::FileLock => format!(
                "waits in {call} for {who} to give back the lock on {object}"
            ),
            Kind::Mutex => {
                format!("waits in {call} for {who} to unlock the {object}")
            }
            _ => {
                format!("waits in {call}{}; {who} can still end that", on(wait))
            }
        }
    }

    /// The other processes that could end it and are not stuck.
    fn movers(self, task: usize, wait: &Wait) -> Vec<usize> {
        let census = self.0.census;
        let own = census.tasks[task].process;
        let mut movers = Vec::new();
        for (waker, _) in wait.all_wakers() {
            match waker {
                Waker::Task(task) => movers.push(census.tasks[task].process),
                Waker::Process(process) => movers.push(process),
                Waker::Group(group) => {
                    let holders = self.0.groups[group].holders.iter();
                    movers.extend(holders.filter_map(|it| it.process));
                }
                _ => {}
            }
        }
        movers.retain(|it| *it != own && census.is_alive(*it));
        movers.retain(|it| !self.0.is_stuck(*it));
        movers.sort_unstable();
        movers.dedup();
        movers
    }

    /// Whether it moves without anybody's help.
    fn moves_itself(self, process: usize) -> bool {
        let mut tasks = self.0.census.processes[process].tasks.iter();
        tasks.any(|task| {
            let wait = &self.0.waits[*task];
            wait.all_wakers().iter().any(|it| it.0 == Waker::Moves)
        })
    }

    fn has_moving_thread(self, task: usize, wait: &Wait) -> bool {
        let census = self.0.census;
        let own = census.tasks[task].process;
        let mut tasks = census.processes[own].tasks.iter();
        wait.kind == Kind::Thread
            || wait.kind == Kind::PrivateFutex
                && tasks.any(|it| *it != task && !self.0.stuck[*it])
    }
}

/// `SIGINT or SIGTERM`, or the first of several.
fn few(names: &[String]) -> String {
    let more = if names.len() > NAMED { " or another" } else { "" };
    format!("{}{more}", names[..names.len().min(NAMED)].join(" or "))
}

fn on(wait: &Wait) -> String {
    let object = wait.object.as_deref().map(crate::plain::plain);
    object.map_or_else(String::new, |object| format!(" on {object}"))
}
