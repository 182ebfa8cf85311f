//! poll(2), select(2) and epoll(7): stuck only if every member is. And the
//! descriptors that stand for something else: events, timers, signals,
//! processes.

use crate::calls::Form;
use crate::census::Task;
use crate::holdings::End;
use crate::parse::{self, Syscall, Watched};
use crate::proc::{Descriptor, Object};
use crate::same::Place;
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

const SET: &str = "anon_inode:[eventpoll]";
const TIMER: &str = "anon_inode:[timerfd]";

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
            _ => None,
        };
        let mut wait = match (members, form) {
            (Some(members), _) => {
                let mut wait = Wait::new(Kind::Poll, Vec::new());
                for member in members {
                    wait.members.extend(self.member(task, member));
                }
                wait
            }
            (None, Form::Epoll { .. } | Form::EpollTimed) => {
                self.watched(task, arguments[0] as i32, 0)
            }
            (None, _) => return Wait::moves(Kind::Poll),
        };
        if mask != 0 || wait.members.is_empty() {
            let awaited = task.status.caught & !task.status.blocked;
            wait.members.push(self.awaited(task, awaited));
        }
        wait
    }

    /// A wait for bytes that an event loop may send to itself.
    fn awaken(&mut self, task: &Task, fd: i32) -> Wait {
        let mut wait = self.input(task, fd);
        if self.is_self_pipe(task, &wait) {
            wait.kind = Kind::SelfPipe;
        }
        wait
    }

    fn member(&mut self, task: &Task, member: Member) -> Vec<Wait> {
        let descriptor = self.descriptor(task, member.fd);
        let is_pipe = |it: &&Descriptor| {
            matches!(it.object, Object::Pipe(_) | Object::Fifo(..))
        };
        let mut waits = Vec::new();
        if let Some(pipe) = descriptor.as_ref().filter(is_pipe) {
            // That the other side went away is told to whoever asked for
            // anything, or for nothing.
            if pipe.is_readable {
                waits.push(self.awaken(task, member.fd));
            }
            if pipe.is_writable {
                let mut wait = self.output(task, member.fd);
                if !member.is_output && wait.kind == Kind::PipeRoom {
                    wait.kind = Kind::PipeHangup;
                }
                waits.push(wait);
            }
            return waits;
        }
        if member.is_input || !member.is_output {
            waits.push(self.awaken(task, member.fd));
        }
        if member.is_output {
            waits.push(self.output(task, member.fd));
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

    /// An epoll set, and the sets in it. Whoever holds it may add to it.
    fn watched(&mut self, task: &Task, set: i32, depth: usize) -> Wait {
        const DEEPEST: usize = 16; // the kernel's limit is 5
        let place = self.place(task, set);
        let Some(info) = self.info(task, set).filter(|_| depth < DEEPEST)
        else {
            return Wait::moves(Kind::Poll);
        };
        let group = self.twins(place, SET);
        let mut wait =
            Wait::new(Kind::Poll, Vec::new()).or([Waker::Group(group)]);
        for entry in parse::watched(&info) {
            let fd = entry.fd;
            let Some(descriptor) = self.descriptor(task, fd) else {
                wait.members.push(Wait::moves(Kind::Poll).through(fd));
                continue;
            };
            if !self.is_still(place, &entry, &descriptor) {
                wait.members.push(Wait::moves(Kind::Poll).through(fd));
            } else if &*descriptor.text == SET {
                let inner = self.watched(task, fd, depth + 1);
                wait.members.push(inner.through(fd));
            } else {
                let members = self.member(task, member(fd, entry.events));
                wait.members.extend(members);
            }
        }
        wait
    }

    /// Whether the number of an entry still leads to the file that was
    /// added: the set goes on watching that, whatever the number means now.
    fn is_still(
        &self,
        set: Place,
        entry: &Watched,
        descriptor: &Descriptor,
    ) -> bool {
        let is_still = self.proc.is_still_watched(set, entry.fd, entry.nth);
        is_still.unwrap_or_else(|| {
            // Where nobody may compare: those without an inode of their own
            // all look alike.
            !descriptor.text.starts_with("anon_inode:")
                && entry.inode.is_some()
                && entry.inode == self.proc.inode(set.0, entry.fd)
        })
    }

    /// A descriptor that leads to no file.
    pub(crate) fn special(
        &mut self,
        task: &Task,
        descriptor: &Descriptor,
        end: End,
    ) -> Wait {
        let info = self.info(task, descriptor.fd).unwrap_or_default();
        match &*descriptor.text {
            "anon_inode:[eventfd]" => self.event(&info),
            TIMER if is_set(&info) => Wait::moves(Kind::Sleep),
            TIMER => {
                let place = self.place(task, descriptor.fd);
                let group = self.twins(place, TIMER);
                Wait::new(Kind::Sleep, vec![Waker::Group(group)])
            }
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
            SET => self.watched(task, descriptor.fd, 1),
            _ => Wait::moves(Kind::Other),
        }
    }

    /// Every holder of an eventfd may write to it.
    fn event(&mut self, info: &str) -> Wait {
        let id = parse::field(info, "eventfd-id");
        let Some(id) = id.and_then(|id| id.parse().ok()) else {
            return Wait::moves(Kind::Eventfd);
        };
        let group = self.group(&Object::Event(id), End::Both);
        Wait::new(Kind::Eventfd, vec![Waker::Group(group)])
            .on(format!("eventfd {id}"))
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

/// Whether a timer runs. `it_value: (0, 0)` is one that does not; but one
/// that is to be told when the clock is changed (`TFD_TIMER_CANCEL_ON_SET`)
/// ends a wait all the same.
fn is_set(info: &str) -> bool {
    const CANCEL_ON_SET: u32 = 2;
    let flags = parse::field(info, "settime flags");
    let flags = flags.and_then(|it| u32::from_str_radix(it, 8).ok());
    parse::field(info, "it_value") != Some("(0, 0)")
        || flags.is_none_or(|flags| flags & CANCEL_ON_SET != 0)
}

#[cfg(test)]
mod tests {
    use super::{is_set, member};

    #[test]
    fn a_timer_that_is_not_set_does_not_run() {
        let info = |flags: &str, left: &str| {
            format!(
                "pos:\t0\nclockid: 0\nticks: 0\nsettime flags: {flags}\n\
                 it_value: {left}\nit_interval: (0, 0)\n"
            )
        };
        assert!(!is_set(&info("00", "(0, 0)")));
        assert!(is_set(&info("00", "(3, 5)")));
        assert!(is_set(&info("03", "(0, 0)")), "it is told of a new clock");
        assert!(is_set(""), "nothing is known");
    }

    #[test]
    fn a_member_is_for_input_or_output() {
        let both = member(3, 5);
        assert!(both.is_input && both.is_output);
        let hangup = member(3, 0x10);
        assert!(!hangup.is_input && !hangup.is_output);
    }
}
