//! Waiting for a signal, and waits that a signal handler may end.

use crate::calls::Form;
use crate::census::Task;
use crate::parse::Syscall;
use crate::scene::Scene;
use crate::wait::{Evidence, Kind, Wait, Waker};

const fn bit(signal: i32) -> u64 {
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
    /// A process that waits for what it could write itself, into a pipe or
    /// into memory, may do so in a signal handler. Python handles SIGINT in every program, so in a plain
    /// read(2) that proves no such intent.
    pub(crate) fn know_handlers(&self, task: &Task, wait: &mut Wait) {
        let status = &task.status;
        let handled = status.caught & !status.blocked & !NOT_SENT;
        if handled == 0 || !self.is_own(task.process, wait) {
            return;
        }
        let mut strangers = handled & !bit(libc::SIGCHLD);
        if wait.kind != Kind::Poll {
            strangers &= !bit(libc::SIGINT);
        }
        if strangers != 0 {
            wait.wakers.extend([Waker::Stranger, Waker::Anybody]);
        }
        if handled & bit(libc::SIGCHLD) != 0 {
            let pid = self.census.processes[task.process].pid;
            let children = self.census.children(pid);
            wait.wakers.extend(children.into_iter().map(Waker::Process));
        }
    }

    /// Whether a process is among those who could end its wait.
    fn is_own(&self, process: usize, wait: &Wait) -> bool {
        let is_memory = |kind: Kind| {
            use Kind::{PrivateFutex, Semaphore, SharedFutex};
            matches!(kind, PrivateFutex | Semaphore | SharedFutex)
        };
        wait.all_wakers().iter().any(|(waker, kind)| match waker {
            Waker::Group(group) => !self.groups[*group].of(process).is_empty(),
            _ => is_memory(*kind),
        })
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
        }
        let pending = task.status.pending;
        Wait::new(Kind::Signal, wakers)
            .knowing(Evidence::Signals { awaited, pending })
    }
}
