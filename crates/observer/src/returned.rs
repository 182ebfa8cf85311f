//! A call has returned: what happened.

use std::io::Write;
use std::rc::Rc;

use trace::{Reached, What, Who};

use crate::descriptors::{Descriptor, Mode};
use crate::keeper::Keeper;
use crate::names;
use crate::names::ending_of;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, last_result, read_memory, read_words};
use crate::table::Kind;
use crate::tree::Index;

/// Results from -512 to -516 never reach the program: the call was
/// interrupted, and is made again.
pub(crate) const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;

/// A call that counts time is made again by restart_syscall(2), for the rest
/// of it.
const RESTART_BLOCK: i64 = -516;

/// Above so many ends of socket pairs, those that are closed are forgotten.
const PEERS: usize = 4096;

impl<W: Write> Keeper<W> {
    pub(crate) fn returned(
        &mut self,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let Some(index) = self.tree.index_of(tid) else { return };
        self.tell_wait(index, tid, call);
        if RESTARTS.contains(&value) {
            return self.interrupted(tid, call, value);
        }
        match call.row.kind {
            Kind::Create => self.create_failed(index, tid, call, value),
            Kind::Exec { .. } => self.exec_failed(index, tid, call, value),
            Kind::Wait4 => self.waited(index, tid, call, value),
            Kind::WaitId => self.waited_id(index, tid, call, value),
            Kind::Kill { .. } | Kind::PidfdSignal => {
                self.signalled(index, tid, call, value);
            }
            Kind::Read
            | Kind::Write
            | Kind::SendFile
            | Kind::Splice
            | Kind::CopyRange
            | Kind::MqTransfer { .. } => {
                self.transferred(index, tid, call, value);
            }
            Kind::Pipe | Kind::Socketpair if value == 0 => {
                self.made_channel(index, tid, call);
            }
            Kind::Open { .. }
            | Kind::OpenHow
            | Kind::Descriptor
            | Kind::Dup
            | Kind::Dup3
            | Kind::Fcntl
            | Kind::Ioctl => self.described(index, tid, call, value),
            Kind::Ptrace => self.traced(index, tid, call, value),
            // A call that the kernel refuses leaves the alarm as it was.
            Kind::Alarm if value >= 0 => self.sets_alarm(index, tid, call),
            Kind::Unshare if value == 0 => {
                self.tree.unshare(index, call.arguments[0] as i32);
            }
            _ => self.others(index, tid, call, value),
        }
    }

    /// The call is made again: as it was, and heard then, or for the rest of
    /// its time.
    fn interrupted(&mut self, tid: Tid, call: &PendingCall, value: i64) {
        if value == RESTART_BLOCK
            && let Some(thread) = self.tree.thread(tid)
        {
            thread.interrupted = Some(call.clone());
        }
    }

    fn create_failed(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        if let Some(errno) = names::errno(value) {
            let what = What::Create {
                call: call.row.name.to_owned(),
                child: None,
                child_pid: None,
                errno: Some(errno),
            };
            self.tell(index, tid, what);
        }
    }

    fn waited(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let mut status = [0; 4];
        let has_status = call.arguments[1] != 0
            && read_memory(tid, call.arguments[1], &mut status) == 4;
        let status = has_status.then(|| i32::from_ne_bytes(status));
        let reached = status.map(reached_by);
        let child = self.child_called(index, value as i32);
        self.collected(index, tid, call, value, child, reached, false);
    }

    /// The siginfo_t that waitid(2) fills: three ints, padding, the pid, the
    /// uid, the status.
    fn waited_id(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let keeps = call.arguments[3] as i32 & libc::WNOWAIT != 0;
        let [_, code, ids, status] = read_words(tid, call.arguments[2]);
        let (code, pid, status) = (code as i32, ids as i32, status as i32);
        let signal = || names::signal(status & 0x7f);
        let reached = match code {
            libc::CLD_EXITED => Some(Reached::Ended(ending_of(status << 8))),
            libc::CLD_KILLED | libc::CLD_DUMPED => {
                Some(Reached::Ended(ending_of(status & 0x7f)))
            }
            libc::CLD_STOPPED => Some(Reached::Stopped { stopped: signal() }),
            libc::CLD_CONTINUED => Some(Reached::Continued { continued: true }),
            _ => None,
        };
        let child = match value {
            0 if call.arguments[2] == 0 => self.collected_blindly(index, call),
            0 => self.child_called(index, pid),
            _ => None,
        };
        self.collected(index, tid, call, value, child, reached, keeps);
    }

    /// Whom a waitid(2) without memory for its result has collected: the
    /// child whose pid is free now.
    fn collected_blindly(
        &mut self,
        index: Index,
        call: &PendingCall,
    ) -> Option<Index> {
        if call.arguments[0] as u32 == libc::P_PID {
            return self.child_called(index, call.arguments[1] as i32);
        }
        self.tree
            .zombies_of(index)
            .into_iter()
            .find(|child| !is_there(self.tree.process(*child).pid))
    }

    fn child_called(&self, index: Index, pid: i32) -> Option<Index> {
        if pid > 0 { self.tree.meant_by(index, pid) } else { None }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "wait4 and waitid differ in where each of them stands"
    )]
    fn collected(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
        child: Option<Index>,
        reached: Option<Reached>,
        keeps: bool,
    ) {
        let mut reached = reached.filter(|_| child.is_some());
        let mut who = None;
        if let Some(child) = child {
            let process = self.tree.process(child);
            who = Some(process.who.clone());
            let pid = process.pid;
            if reached.is_none() {
                // The program did not ask for the status.
                reached = process.ended.clone().map(Reached::Ended);
            }
            if matches!(reached, Some(Reached::Ended(_))) && !keeps {
                self.tree.reap(child);
            }
            // The kernel tells parent and keeper at one time, and the keeper
            // never, if the process is killed at once.
            if let Some(Reached::Stopped { stopped }) = &reached {
                self.has_stopped(child, pid, stopped.clone());
            }
        }
        let what = What::Wait {
            call: call.row.name.to_owned(),
            child: who,
            named: names_one(call),
            reached,
            kept_zombie: keeps && child.is_some(),
            errno: names::errno(value),
            from_us: call.from_us,
        };
        self.tell(index, tid, what);
    }

    fn signalled(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let (pid, signal) = match call.row.kind {
            Kind::Kill { pid, signal } => (
                call.arguments[usize::from(pid)] as i32,
                call.arguments[usize::from(signal)] as i32,
            ),
            _ => (call.text.parse().unwrap_or(0), call.arguments[1] as i32),
        };
        if signal == 0 {
            return; // it only asks whether the process exists
        }
        let to = self.receiver(index, call, pid);
        let what = What::Signal {
            signal: names::signal(signal),
            to,
            to_pid: Some(pid),
            from: None,
            arrived: false,
            code: None,
            errno: names::errno(value),
        };
        self.tell(index, tid, what);
    }

    /// The thread was killed before its call came back: what it did is done
    /// all the same, and others may have noticed.
    pub(crate) fn died_in(&mut self, tid: Tid, call: &PendingCall) {
        // A call that was not made leaves its first argument there on aarch64.
        // wait4 returns just that for the child it names, whose pid is free
        // then; a read or write of as many bytes as its descriptor's number
        // counts as not made.
        let first = call.arguments[0];
        let is_collected = || {
            let index = self.tree.index_of(tid);
            let child = index
                .and_then(|index| self.tree.meant_by(index, first as i32))
                .and_then(|child| self.tree.pid_of(child));
            call.row.kind == Kind::Wait4 && !child.is_some_and(is_there)
        };
        let is_made = |value: &i64| {
            cfg!(target_arch = "x86_64")
                || *value as u64 != first
                || is_collected()
        };
        match last_result(tid).filter(is_made) {
            // It returned to nobody: what stands there is the kernel's own.
            Some(_) if matches!(call.row.kind, Kind::Exec { .. }) => {}
            Some(value) => self.returned(tid, call, value),
            None => {
                if let Some(index) = self.tree.index_of(tid) {
                    self.tell_wait(index, tid, call);
                    self.wrote_before_it_died(index, tid, call);
                }
            }
        }
    }

    /// Whom a signal is for; a thread's is for its process.
    fn receiver(
        &mut self,
        sender: Index,
        call: &PendingCall,
        pid: i32,
    ) -> Option<Who> {
        if pid <= 0 {
            return None;
        }
        // Of a pidfd it is what the keeper sees.
        let is_ours = call.row.kind == Kind::PidfdSignal
            || self.tree.process(sender).inner.depth() == 0;
        let receiver = if is_ours {
            self.tree.by_pid(pid).or_else(|| self.tree.index_of(pid))
        } else {
            self.tree.meant_by(sender, pid)
        };
        Some(self.tree.process(receiver?).who.clone())
    }

    fn made_channel(&mut self, index: Index, tid: Tid, call: &PendingCall) {
        let is_pair = call.row.kind == Kind::Socketpair;
        let (at, flags) = match (is_pair, call.row.name) {
            (true, _) => (call.arguments[3], call.arguments[1]),
            (false, "pipe2") => (call.arguments[0], call.arguments[1]),
            (false, _) => (call.arguments[0], 0),
        };
        let mut bytes = [0; 8];
        if read_memory(tid, at, &mut bytes) < 8 {
            return;
        }
        let [a, b, c, d, e, f, g, h] = bytes;
        let first = i32::from_ne_bytes([a, b, c, d]);
        let second = i32::from_ne_bytes([e, f, g, h]);
        // SOCK_CLOEXEC has the value of O_CLOEXEC.
        let cloexec = flags as i32 & libc::O_CLOEXEC != 0;
        let modes = if is_pair {
            [Mode::Both, Mode::Both]
        } else {
            [Mode::Read, Mode::Write]
        };
        let ends = [(first, modes[0]), (second, modes[1])];
        let objects = ends.map(|(fd, mode)| self.end(index, fd, mode, cloexec));
        let [Some(one), Some(other)] = objects else { return };
        let what = if is_pair {
            self.order.made(&one);
            self.order.made(&other);
            if self.peers.len() > PEERS {
                // Those that no descriptor names: a key and a value are left.
                self.peers.retain(|end, _| Rc::strong_count(end) > 2);
            }
            self.peers.insert(Rc::clone(&one), Rc::clone(&other));
            self.peers.insert(Rc::clone(&other), Rc::clone(&one));
            let objects = [one.to_string(), other.to_string()];
            What::Socketpair { fds: [first, second], objects, cloexec }
        } else {
            self.order.made(&one);
            let object = one.to_string();
            What::Pipe { read_end: first, write_end: second, object, cloexec }
        };
        self.tell(index, tid, what);
    }

    /// Notes one end in the table; which object it is only /proc knows, and
    /// nobody if its process is killed meanwhile.
    fn end(
        &mut self,
        index: Index,
        fd: i32,
        mode: Mode,
        cloexec: bool,
    ) -> Option<Rc<str>> {
        let process = self.tree.process(index);
        let link = std::fs::read_link(format!("/proc/{}/fd/{fd}", process.pid));
        let object: Rc<str> = link.ok()?.to_string_lossy().into();
        let descriptor =
            Descriptor { object: Rc::clone(&object), cloexec, mode };
        process.descriptors.borrow_mut().insert(fd, descriptor);
        Some(object)
    }
}

/// Whether a process has this id.
fn is_there(pid: i32) -> bool {
    std::fs::exists(format!("/proc/{pid}")).is_ok_and(|it| it)
}

/// What a status of wait4(2) says.
fn reached_by(status: i32) -> Reached {
    if libc::WIFSTOPPED(status) {
        Reached::Stopped { stopped: names::signal(libc::WSTOPSIG(status)) }
    } else if libc::WIFCONTINUED(status) {
        Reached::Continued { continued: true }
    } else {
        Reached::Ended(ending_of(status))
    }
}

/// Whether wait4(2) or waitid(2) was asked for one child and not for any.
fn names_one(call: &PendingCall) -> bool {
    let [first, ..] = call.arguments;
    match call.row.name {
        "waitid" => {
            let kind = first as libc::idtype_t;
            [libc::P_PID, libc::P_PIDFD].contains(&kind)
        }
        _ => first as i32 > 0,
    }
}
