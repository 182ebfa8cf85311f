//! Waiting for children, and being stopped.

use crate::calls::Form;
use crate::census::Task;
use crate::parse::{self, Syscall};
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

impl Scene<'_> {
    /// wait4(2) and waitid(2): any of the children that are asked for.
    pub(crate) fn child(
        &mut self,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        let pid = self.census.processes[task.process].pid;
        let children = self.census.children(pid);
        let number = call.arguments[0] as i32;
        let number_of_id = call.arguments[1] as i32;
        let asked: Vec<usize> = match form {
            Form::Wait4 if number > 0 => self.named(&children, number),
            Form::WaitId if number == libc::P_PID as i32 => {
                self.named(&children, number_of_id)
            }
            Form::WaitId if number == libc::P_PIDFD as i32 => {
                let process = self.process_behind(task, number_of_id);
                process.into_iter().collect()
            }
            // A process group: more children than meant do no harm, they
            // make the wait look easier to end than it is.
            _ => children,
        };
        if asked.is_empty() {
            // It was born after our look, or has just ended.
            return Wait::moves(Kind::Child);
        }
        let wakers = asked.into_iter().map(Waker::Process).collect();
        let traced = self.strangers_traced(task.process);
        Wait::new(Kind::Child, wakers).or(traced)
    }

    /// Those outside whom a process traces: it learns of their end as of a
    /// child's.
    pub(crate) fn strangers_traced(&self, process: usize) -> Option<Waker> {
        let tasks = &self.census.processes[process].tasks;
        let mut tids = tasks.iter().map(|task| self.census.tasks[*task].tid);
        let is_tracer = tids.any(|tid| self.holdings.tracers.contains(&tid));
        is_tracer.then_some(Waker::Outside)
    }

    /// The children which their parent knows by this pid.
    fn named(&self, children: &[usize], number: i32) -> Vec<usize> {
        let is_named = |place: &&usize| {
            let process = &self.census.processes[**place];
            process.pid == number
                || process.tasks.first().is_some_and(|task| {
                    self.census.tasks[*task].status.seen == number
                })
        };
        children.iter().filter(is_named).copied().collect()
    }

    /// The process behind a pidfd, if it is of the tree and lives.
    pub(crate) fn process_behind(&self, task: &Task, fd: i32) -> Option<usize> {
        let info = self.info(task, fd)?;
        let pid = parse::field(&info, "Pid")?.parse().ok()?;
        let process = self.census.process_of(pid)?;
        self.census.is_alive(process).then_some(process)
    }

    /// vfork(2) suspends the parent until the child has called execve(2) or
    /// has ended.
    pub(crate) fn created(
        &mut self,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        let pid = self.census.processes[task.process].pid;
        let first = call.arguments[0];
        let flags = match form {
            Form::Create(None) => Some(libc::CLONE_VFORK as u32),
            Form::Create(Some(_)) => Some(first as u32),
            _ => self.proc.words(pid, first).map(|[flags]: [u32; 1]| flags),
        };
        let has = |flag| flags.is_some_and(|it| it & flag as u32 != 0);
        let is_vfork = has(libc::CLONE_VFORK);
        // Then the awaited is a child of the parent, and need not be of the
        // tree.
        let is_sibling = has(libc::CLONE_PARENT);
        let children = self.census.children(pid);
        if !is_vfork || is_sibling || children.is_empty() {
            return Wait::moves(Kind::Other);
        }
        let wakers = children.into_iter().map(Waker::Process).collect();
        Wait::new(Kind::Vfork, wakers)
    }

    /// Only SIGCONT, or its tracer, lets a stopped process go on. An
    /// observer that asks does not keep anybody stopped.
    pub(crate) fn stopped(&mut self, task: &Task) -> Wait {
        let mut wakers = vec![Waker::Stranger, Waker::Anybody];
        // A thread may be the tracer.
        let tracer = self.proc.status(task.status.tracer);
        let tracer = tracer.map_or(task.status.tracer, |it| it.process);
        if let Some(tracer) = self.census.process_of(tracer) {
            wakers.push(Waker::Process(tracer));
        } else if tracer != 0 && Some(tracer) != self.census.reaper {
            wakers.push(Waker::Outside);
        }
        Wait::new(Kind::Stop, wakers)
    }
}
