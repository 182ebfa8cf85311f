//! Sentences: one for each process that is stuck, one for each root cause.

use crate::answer::Holder;
use crate::causes::Found;
use crate::lessons;
use crate::names;
use crate::plain::plain;
use crate::tell::Known;
use crate::wait::{Evidence, Kind, Wait, Waker};

/// Speaks about what is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speaker<'a>(pub(crate) Known<'a>);

/// As many processes get a sentence of their own.
const SPOKEN: usize = 50;

impl Speaker<'_> {
    pub(crate) fn says(self, found: &[Found]) -> Vec<String> {
        let mut places: Vec<usize> =
            (0..self.0.census.processes.len()).collect();
        places.sort_by_key(|place| &self.0.census.processes[*place].who);
        let more = places.len().saturating_sub(SPOKEN);
        places.truncate(SPOKEN);
        let mut says: Vec<String> =
            places.iter().flat_map(|place| self.about(*place)).collect();
        if more > 0 {
            says.push(format!("{more} more processes are left out here."));
        }
        let mut causes: Vec<String> =
            found.iter().map(|found| self.cause(found)).collect();
        causes.dedup();
        causes.truncate(SPOKEN);
        says.extend(causes);
        says.extend(crate::limits::told(self, found));
        says
    }

    /// `A.1 (receiver)`.
    pub(crate) fn name(self, process: usize) -> String {
        let process = &self.0.census.processes[process];
        format!("{} ({})", process.who, plain(&process.name))
    }

    pub(crate) fn waits_for_child(self, process: usize) -> bool {
        let tasks = &self.0.census.processes[process].tasks;
        tasks.iter().any(|task| self.0.waits[*task].kind == Kind::Child)
    }

    fn about(self, place: usize) -> Vec<String> {
        let process = &self.0.census.processes[place];
        let name = self.name(place);
        if process.tasks.is_empty() {
            return vec![format!(
                "{name} has ended; its parent has not waited for it yet."
            )];
        }
        let is_alone = process.tasks.len() == 1;
        let tasks = process.tasks.iter();
        tasks
            .filter_map(|task| {
                let tid = self.0.census.tasks[*task].tid;
                let subject = match is_alone {
                    true => name.clone(),
                    false => format!("{name}, thread {tid},"),
                };
                self.about_task(*task, &subject)
            })
            .collect()
    }

    fn about_task(self, task: usize, subject: &str) -> Option<String> {
        let Some(wait) = self.0.waits.get(task) else {
            let state = self.0.census.tasks[task].state;
            let is_running = matches!(state, 'R' | 'D');
            return is_running.then(|| format!("{subject} moves."));
        };
        if self.0.stuck[task] {
            return Some(format!("{subject} {}.", self.wait(task, wait)));
        }
        Some(format!("{subject} {}.", self.moving(task, wait)))
    }

    /// `read(3)`, with the descriptor as its argument.
    pub(crate) fn call(self, task: usize, wait: &Wait) -> String {
        let call = self.0.call(task);
        let call = call.as_deref().map_or("the kernel", names::of_call);
        match wait.fd {
            Some(fd) => format!("{call}({fd})"),
            None => call.to_owned(),
        }
    }

    fn wait(self, task: usize, wait: &Wait) -> String {
        let call = self.call(task, wait);
        match wait.kind {
            Kind::Stop => {
                "is stopped, and nobody is left who would send it SIGCONT"
                    .to_owned()
            }
            Kind::Poll if !wait.members.is_empty() => {
                let members: Vec<String> = wait
                    .members
                    .iter()
                    .map(|member| {
                        let fd = member.fd.map(|fd| format!("({fd}) "));
                        let fd = fd.unwrap_or_default();
                        format!("{fd}{}", self.awaited(task, member))
                    })
                    .collect();
                format!("waits in {call} for any of: {}", members.join("; "))
            }
            _ => format!("waits in {call} {}", self.awaited(task, wait)),
        }
    }

    /// As it may be printed.
    pub(crate) fn object(self, wait: &Wait) -> String {
        wait.object.as_deref().map_or_else(|| "it".to_owned(), plain)
    }

    /// For what, and who could give it.
    fn awaited(self, task: usize, wait: &Wait) -> String {
        let object = &self.object(wait);
        let held = || self.held(task, wait);
        match wait.kind {
            Kind::PipeData => {
                format!(
                    "for data or the end of {object}, whose write end {}",
                    held()
                )
            }
            Kind::PipeRoom => format!(
                "for room in {object}, which is full and whose read end {}",
                held()
            ),
            Kind::PipeHangup => format!(
                "for the other side of {object} to go away, which {}",
                held()
            ),
            Kind::FifoPeer => format!(
                "for somebody to open the other side of the FIFO {object}, \
                 and nobody is left who would"
            ),
            Kind::Child | Kind::Process => {
                format!("for {} to end", self.one_of(wait))
            }
            Kind::Thread => format!("for {object} to end"),
            Kind::Vfork => format!(
                "for its child {} to call execve or to end",
                self.one_of(wait)
            ),
            Kind::FileLock => {
                format!("for the lock on {object}, which {}", held())
            }
            Kind::Mutex => self.mutex(task, wait, object),
            Kind::SocketData
            | Kind::SocketRoom
            | Kind::Accept
            | Kind::Connect => self.socket(task, wait, object),
            _ => self.awaited_more(task, wait, object),
        }
    }

    fn socket(self, task: usize, wait: &Wait, object: &str) -> String {
        let held = || self.held(task, wait);
        match wait.kind {
            Kind::SocketData => {
                format!(
                    "for data or the end of {object}, whose other side {}",
                    held()
                )
            }
            Kind::SocketRoom => format!(
                "for room in {object}, which is full and whose other side {}",
                held()
            ),
            Kind::Accept => format!(
                "for somebody to connect to {object}, and nobody is left \
                 who would"
            ),
            _ => format!(
                "for {object} to accept it, and nobody is left who would"
            ),
        }
    }

    fn mutex(self, task: usize, wait: &Wait, object: &str) -> String {
        match &wait.evidence {
            Some(Evidence::DeadHolder(tid)) => format!(
                "for the {object}, whose holder {tid} has ended without \
                 unlocking it"
            ),
            _ => format!("for the {object}, which {}", self.held(task, wait)),
        }
    }

    fn awaited_more(self, task: usize, wait: &Wait, object: &str) -> String {
        let others = || self.others(task, wait);
        match wait.kind {
            Kind::Semaphore => match &wait.evidence {
                Some(Evidence::LastUser(who)) => format!(
                    "for the {object} to rise above 0; {} used it last and \
                     has ended",
                    plain(who)
                ),
                _ => format!("for the {object} to rise above 0; {}", others()),
            },
            Kind::SharedFutex => {
                format!("for a wake-up at the {object}; {}", others())
            }
            Kind::PrivateFutex => private(wait, object),
            Kind::Signal => self.signal(wait),
            Kind::Message => {
                format!(
                    "for a message in {object}, which is empty; {}",
                    others()
                )
            }
            Kind::MessageRoom => {
                format!("for room in {object}, which is full; {}", others())
            }
            Kind::Eventfd => {
                format!("for the counter of {object}; {}", others())
            }
            Kind::SelfPipe => {
                format!("to be woken through {object}, which only it could do")
            }
            _ => format!("for {object}"),
        }
    }

    fn signal(self, wait: &Wait) -> String {
        let Some(Evidence::Signals { awaited, pending }) = wait.evidence else {
            return "for a signal, and nobody is left who would send one"
                .to_owned();
        };
        let awaited = match awaited {
            0 => "a signal".to_owned(),
            set => names::signals(set).join(" or "),
        };
        let pending = match pending {
            0 => String::new(),
            set => format!(
                " ({} is pending, but blocked)",
                names::signals(set).join(", ")
            ),
        };
        format!("for {awaited}{pending}, and nobody is left who would send it")
    }

    /// `A.1 (receiver)`, or the first of several.
    fn one_of(self, wait: &Wait) -> String {
        let places: Vec<usize> = wait
            .wakers
            .iter()
            .filter_map(|waker| match waker {
                Waker::Process(place) => Some(*place),
                _ => None,
            })
            .collect();
        match places.as_slice() {
            [] => "it".to_owned(),
            [one] => self.name(*one),
            several => {
                let names: Vec<String> =
                    several.iter().take(3).map(|it| self.name(*it)).collect();
                let more = several.len().saturating_sub(3);
                let more = match more {
                    0 => String::new(),
                    more => format!(" or {more} more"),
                };
                format!("one of {}{more}", names.join(", "))
            }
        }
    }

    /// `is held by A (sender), descriptor 4`.
    fn held(self, task: usize, wait: &Wait) -> String {
        let own = &self.0.who(task).to_string();
        let own_tid = self.0.census.tasks[task].tid;
        let holders = self.0.holders(task, wait);
        let mut groups: Vec<(String, Vec<&Holder>)> = Vec::new();
        for holder in &holders {
            let who = match holder.tid.filter(|tid| *tid != own_tid) {
                Some(tid) if holder.who == *own => format!("thread {tid}"),
                None if holder.who == *own => "itself".to_owned(),
                _ => self.holder(holder),
            };
            match groups.iter_mut().find(|group| group.0 == who) {
                Some(group) => group.1.push(holder),
                None => groups.push((who, vec![holder])),
            }
        }
        const NAMED: usize = 3;
        let more = groups.len().saturating_sub(NAMED);
        let mut words: Vec<String> = groups
            .iter()
            .take(NAMED)
            .map(|(who, of)| format!("{who}{}", fds(of)))
            .collect();
        if more > 0 {
            words.push("others".to_owned());
        }
        match groups.as_slice() {
            [] => "nobody holds".to_owned(),
            [(who, of)] if who == "itself" => {
                format!("it still holds itself{}", fds(of))
            }
            _ => format!("is held by {}", words.join(" and ")),
        }
    }

    fn holder(self, holder: &Holder) -> String {
        let place = self.0.census.process_of(holder.pid);
        place.map_or_else(
            || format!("{} outside", self.0.stranger(holder.pid)),
            |place| self.name(place),
        )
    }

    fn others(self, task: usize, wait: &Wait) -> String {
        let own = &self.0.who(task).to_string();
        let mut names: Vec<String> = self
            .0
            .holders(task, wait)
            .iter()
            .filter(|holder| holder.who != *own)
            .map(|holder| self.holder(holder))
            .collect();
        names.dedup();
        match names.len() {
            0 => "no other process is left that could give it".to_owned(),
            1 => format!("only {} could, and waits too", names[0]),
            _ => format!("{} could, and all wait too", names.join(", ")),
        }
    }

    pub(crate) fn cause(self, found: &Found) -> String {
        let what = lessons::missing(self, found);
        let place = lessons::place(found.cause);
        format!("{}: {what} See {place}.", found.cause)
    }
}

fn private(wait: &Wait, object: &str) -> String {
    match wait.evidence {
        Some(Evidence::PrivateButShared) => format!(
            "for a wake-up at the {object}; the memory is shared, but the \
             wait is private, so no other process can wake it"
        ),
        _ => format!(
            "for a wake-up at the {object}, which only threads of its own \
             process could give"
        ),
    }
}

/// ` (descriptors 4, 6)`
fn fds(of: &[&Holder]) -> String {
    let fds: Vec<String> =
        of.iter().filter_map(|it| it.fd.map(|fd| fd.to_string())).collect();
    match fds.as_slice() {
        [] => String::new(),
        [fd] => format!(" (descriptor {fd})"),
        _ => format!(" (descriptors {})", fds.join(", ")),
    }
}
