//! poll(2), select(2) and epoll(7): stuck only if every member is. And the
//! descriptors that stand for something else: events, timers, signals,
//! processes.

use crate::calls::Form;
use crate::census::Task;
use crate::holdings::{End, Holding};
use crate::parse::{self, Syscall};
use crate::proc::{Descriptor, Object};
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

/// A descriptor in a set, and for what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Member {
    fd: i32,
    is_input: bool,
    is_output: bool,
}

impl Scene<'_> {
    pub(crate) fn set(
        &mut self,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        let arguments = &call.arguments;
        let (is_timed, mask) = match form {
            Form::Poll => (arguments[2] as i32 >= 0, 0),
            Form::PollMasked => (arguments[2] != 0, arguments[3]),
            Form::Select { is_masked } => {
                let mask = if is_masked { arguments[5] } else { 0 };
                (arguments[4] != 0, self.inner_mask(task, mask))
            }
            Form::Epoll { is_masked } => {
                let mask = if is_masked { arguments[4] } else { 0 };
                (arguments[3] as i32 >= 0, mask)
            }
            _ => (arguments[3] != 0, arguments[4]),
        };
        if is_timed {
            return Wait::moves(Kind::Sleep);
        }
        let members = match form {
            Form::Poll | Form::PollMasked => self.polled(task, arguments),
            Form::Select { .. } => self.selected(task, arguments),
            _ => self.epolled(task, arguments[0] as i32),
        };
        let Some(members) = members else { return Wait::moves(Kind::Poll) };
        let mut wait = Wait::new(Kind::Poll, Vec::new());
        wait.members = self.members(task, &members);
        if mask != 0 || wait.members.is_empty() {
            let awaited = task.status.caught & !task.status.blocked;
            wait.members.push(self.awaited(task, awaited));
        }
        wait
    }

    fn members(&mut self, task: &Task, members: &[Member]) -> Vec<Wait> {
        let mut waits = Vec::new();
        for member in members {
            if member.is_input || !member.is_output {
                let mut wait = self.input(task, member.fd);
                if self.is_self_pipe(task, &wait) {
                    wait.kind = Kind::SelfPipe;
                }
                waits.push(wait);
            }
            if member.is_output {
                waits.push(self.output(task, member.fd));
            }
        }
        waits
    }

    /// pselect6(2) has the address of its mask in a structure.
    fn inner_mask(&self, task: &Task, at: u64) -> u64 {
        let pid = self.census.processes[task.process].pid;
        match at {
            0 => 0,
            at => match self.proc.words(pid, at) {
                Some([low, high]) => u64::from(high) << 32 | u64::from(low),
                None => 1,
            },
        }
    }

    fn polled(&self, task: &Task, arguments: &[u64; 6]) -> Option<Vec<Member>> {
        const MOST: u64 = 65_536;
        let pid = self.census.processes[task.process].pid;
        let count = arguments[1].min(MOST) as usize;
        let mut bytes = vec![0; count * 8];
        if count > 0 && !self.proc.copy(pid, arguments[0], &mut bytes) {
            return None;
        }
        let members = bytes.chunks_exact(8).map(|entry| {
            let fd = [entry[0], entry[1], entry[2], entry[3]];
            let events = i16::from_ne_bytes([entry[4], entry[5]]);
            member(i32::from_ne_bytes(fd), u32::from(events as u16))
        });
        Some(members.filter(|member| member.fd >= 0).collect())
    }

    fn selected(
        &self,
        task: &Task,
        arguments: &[u64; 6],
    ) -> Option<Vec<Member>> {
        const MOST: u64 = 65_536;
        let pid = self.census.processes[task.process].pid;
        let count = arguments[0].min(MOST) as usize;
        let mut sets = [Vec::new(), Vec::new(), Vec::new()];
        for (set, at) in sets.iter_mut().zip(&arguments[1..4]) {
            *set = vec![0; count.div_ceil(64) * 8];
            if *at != 0 && count > 0 && !self.proc.copy(pid, *at, set) {
                return None;
            }
        }
        let has = |set: &[u8], fd: usize| set[fd / 8] >> (fd % 8) & 1 == 1;
        let members = (0..count).filter_map(|fd| {
            let is_input = has(&sets[0], fd) || has(&sets[2], fd);
            let is_output = has(&sets[1], fd);
            (is_input || is_output).then_some(Member {
                fd: fd as i32,
                is_input,
                is_output,
            })
        });
        Some(members.collect())
    }

    fn epolled(&self, task: &Task, fd: i32) -> Option<Vec<Member>> {
        let pid = self.census.processes[task.process].pid;
        self.watched(pid, &self.proc.info(pid, fd)?)
    }

    /// `None` if a number of the set leads to another file by now: the set
    /// still watches the old one, whatever that is.
    fn watched(&self, pid: i32, info: &str) -> Option<Vec<Member>> {
        let all = parse::watched(info).into_iter();
        all.map(|it| {
            let is_same = it.inode == self.proc.inode(pid, it.fd);
            is_same.then(|| member(it.fd, it.events))
        })
        .collect()
    }

    /// A descriptor that leads to no file.
    pub(crate) fn special(
        &mut self,
        task: &Task,
        descriptor: &Descriptor,
        end: End,
    ) -> Wait {
        let pid = self.census.processes[task.process].pid;
        let info = self.proc.info(pid, descriptor.fd).unwrap_or_default();
        match descriptor.text.as_str() {
            "anon_inode:[eventfd]" => self.event(&info),
            "anon_inode:[timerfd]" => timer(&info),
            "anon_inode:[signalfd]" if end == End::Read => {
                let set = parse::field(&info, "sigmask");
                let set = set.and_then(|it| u64::from_str_radix(it, 16).ok());
                match set {
                    Some(set) => self.awaited(task, set),
                    None => Wait::moves(Kind::Signal),
                }
            }
            "anon_inode:[pidfd]" => {
                match self.process_behind(task, descriptor.fd) {
                    Some(it) => {
                        Wait::new(Kind::Process, vec![Waker::Process(it)])
                    }
                    None => Wait::new(Kind::Process, vec![Waker::Outside]),
                }
            }
            "anon_inode:[eventpoll]" => {
                let Some(members) = self.watched(pid, &info) else {
                    return Wait::moves(Kind::Poll);
                };
                let members = members
                    .into_iter()
                    // A set may not watch itself, but it may be in a ring.
                    .filter(|member| !self.is_set(task, member.fd))
                    .collect::<Vec<Member>>();
                let mut wait = Wait::new(Kind::Poll, Vec::new());
                wait.members = self.members(task, &members);
                if wait.members.is_empty() {
                    return Wait::moves(Kind::Poll);
                }
                wait
            }
            _ => Wait::moves(Kind::Other),
        }
    }

    fn is_set(&self, task: &Task, fd: i32) -> bool {
        self.descriptor(task, fd)
            .is_none_or(|it| it.text == "anon_inode:[eventpoll]")
    }

    /// Every holder of an eventfd may write to it.
    fn event(&mut self, info: &str) -> Wait {
        let id = parse::field(info, "eventfd-id");
        let Some(id) = id.and_then(|id| id.parse().ok()) else {
            return Wait::moves(Kind::Eventfd);
        };
        let group = self.event_holders(id);
        Wait::new(Kind::Eventfd, vec![Waker::Group(group)])
            .on(format!("eventfd {id}"))
    }

    fn event_holders(&mut self, id: u64) -> usize {
        let object = Object::Event(id);
        if self.events.is_none() {
            let proc = self.proc;
            self.holdings.find_events(proc);
            self.events = Some(());
        }
        self.group(&object, End::Both)
    }
}

impl Holding {
    /// Both ends in one.
    pub(crate) fn whole(process: Option<usize>, pid: i32, fd: i32) -> Self {
        Self {
            process,
            pid,
            fd: Some(fd),
            is_readable: true,
            is_writable: true,
        }
    }
}

fn member(fd: i32, events: u32) -> Member {
    let has = |event: i16| events & event as u32 != 0;
    Member {
        fd,
        is_input: has(libc::POLLIN | libc::POLLPRI | libc::POLLRDNORM),
        is_output: has(libc::POLLOUT | libc::POLLWRNORM),
    }
}

/// `it_value: (0, 0)` is a timer that is not set; whoever holds it may set
/// it.
fn timer(info: &str) -> Wait {
    match parse::field(info, "it_value") {
        Some("(0, 0)") => Wait::new(Kind::Sleep, vec![Waker::Anybody]),
        _ => Wait::moves(Kind::Sleep),
    }
}

#[cfg(test)]
mod tests {
    use super::member;

    #[test]
    fn a_member_is_for_input_or_output() {
        let both = member(3, 5);
        assert!(both.is_input && both.is_output);
        let hangup = member(3, 0x10);
        assert!(!hangup.is_input && !hangup.is_output);
    }
}
