//! Waiting for a signal, and waits that a signal handler may end.

use crate::calls::Form;
use crate::census::Task;
use crate::holdings::Holding;
use crate::parse::{self, Syscall};
use crate::scene::Scene;
use crate::wait::{Evidence, Kind, Wait, Waker};

pub(crate) const fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// What a program does to itself, and two signals of glibc's own.
const NOT_SENT: u64 = bit(libc::SIGILL)
    | bit(libc::SIGTRAP)
    | bit(libc::SIGABRT)
    | bit(libc::SIGBUS)
    | bit(libc::SIGFPE)
    | bit(libc::SIGSEGV)
    | bit(libc::SIGSYS)
    | bit(32)
    | bit(33);

impl Scene<'_> {
    /// A signal handler may end any wait, and may write, post and wake where
    /// others wait: whoever can send the signal can move its process. Python
    /// handles SIGINT in every program; outside of an event loop that proves
    /// no intent.
    pub(crate) fn know_handlers(&self, task: &Task, wait: &mut Wait) {
        let status = &task.status;
        let handled = status.caught & !status.blocked & !NOT_SENT;
        let mut strangers = handled & !bit(libc::SIGCHLD);
        if wait.kind != Kind::Poll {
            strangers &= !bit(libc::SIGINT);
        }
        if strangers != 0 {
            wait.wakers.extend([Waker::Stranger, Waker::Anybody]);
            wait.handled = strangers;
        }
        if handled & bit(libc::SIGCHLD) != 0 {
            let pid = self.census.processes[task.process].pid;
            let children = self.census.children(pid);
            wait.wakers.extend(children.into_iter().map(Waker::Process));
            wait.others.extend(self.strangers_traced(task.process));
        }
        if self.may_be_notified(handled) {
            wait.wakers.push(Waker::Moves);
        }
    }

    /// Of open(2) and fcntl(2).
    pub(crate) fn file_flags(&self, pid: i32, fd: i32) -> Option<i32> {
        let info = self.proc.info(pid, fd)?;
        i32::from_str_radix(parse::field(&info, "flags")?, 8).ok()
    }

    /// Whether only the process itself could write where it listens, by an
    /// end that never waits.
    pub(crate) fn is_self_pipe(&self, task: &Task, wait: &Wait) -> bool {
        let [Waker::Group(group)] = wait.wakers[..] else { return false };
        let is_own_end = |holder: &Holding| {
            let flags =
                holder.fd.and_then(|fd| self.file_flags(holder.pid, fd));
            holder.process == Some(task.process)
                && flags.is_some_and(|it| it & libc::O_NONBLOCK != 0)
        };
        let holders = &self.groups[group].holders;
        matches!(wait.kind, Kind::PipeData | Kind::SocketData)
            && !holders.is_empty()
            && holders.iter().all(is_own_end)
    }

    /// pause(2) and sigsuspend(2) end when a handler has run; sigwait(3)
    /// ends with one of its set.
    pub(crate) fn signal(
        &mut self,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        let status = &task.status;
        if form != Form::SigWait {
            return self.awaited(task, status.caught & !status.blocked);
        }
        if call.arguments[2] != 0 {
            return Wait::moves(Kind::Sleep);
        }
        let pid = self.census.processes[task.process].pid;
        match self.proc.words(pid, call.arguments[0]) {
            Some([low, high]) => {
                self.awaited(task, u64::from(high) << 32 | u64::from(low))
            }
            // An alarm may be among them.
            None => Wait::moves(Kind::Signal),
        }
    }

    /// A wait for any signal of a set.
    pub(crate) fn awaited(&self, task: &Task, awaited: u64) -> Wait {
        let mut wakers = vec![Waker::Stranger, Waker::Anybody];
        if awaited & bit(libc::SIGALRM) != 0 {
            wakers.push(Waker::Moves); // an alarm(2) is told nowhere
        }
        if awaited & bit(libc::SIGCHLD) != 0 {
            let pid = self.census.processes[task.process].pid;
            let children = self.census.children(pid);
            wakers.extend(children.into_iter().map(Waker::Process));
            wakers.extend(self.strangers_traced(task.process));
        }
        if self.may_be_notified(awaited) {
            wakers.push(Waker::Moves);
        }
        let pending = task.status.pending;
        Wait::new(Kind::Signal, wakers)
            .knowing(Evidence::Signals { awaited, pending })
    }
}
