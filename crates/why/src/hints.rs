//! Where the kernel does not tell the call, the function in which a task
//! waits hints at the kind of wait. Its name differs between kernels, so what
//! is not known here counts as moving; and a wait that may have a time limit
//! does too.

use crate::census::Task;
use crate::parse;
use crate::proc::Object;
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

impl Scene<'_> {
    pub(crate) fn hinted(&mut self, _place: usize, task: &Task) -> Wait {
        let pid = self.census.processes[task.process].pid;
        let channel = self.proc.channel(pid, task.tid).unwrap_or_default();
        match channel.as_str() {
            "anon_pipe_read" | "pipe_read" => self.any_pipe(task, true),
            "anon_pipe_write" | "pipe_write" => self.any_pipe(task, false),
            "do_wait" => {
                self.any_child(pid).or(self.strangers_traced(task.process))
            }
            "wait_for_partner" | "fifo_open" => {
                Wait::new(Kind::FifoPeer, vec![Waker::Stranger, Waker::Anybody])
            }
            "flock_lock_inode_wait"
            | "locks_lock_inode_wait"
            | "posix_lock_inode_wait"
            | "fcntl_setlk" => self.blocked_lock(task.tid),
            "sigsuspend" | "do_sigsuspend" | "__x64_sys_pause"
            | "__do_sys_pause" | "__ia32_sys_pause" => {
                let status = &task.status;
                self.awaited(task, status.caught & !status.blocked)
            }
            _ => Wait::moves(Kind::Other),
        }
    }

    /// Which pipe is not known, so any of those that the process has open
    /// that way.
    fn any_pipe(&mut self, task: &Task, is_input: bool) -> Wait {
        let all = self.holdings.descriptors(task.process, task.tid);
        let fds: Vec<i32> = all
            .iter()
            .filter(|it| {
                let way =
                    if is_input { it.is_readable } else { it.is_writable };
                let object = &it.object;
                way && matches!(object, Object::Pipe(_) | Object::Fifo(..))
            })
            .map(|it| it.fd)
            .collect();
        let mut members: Vec<Wait> = fds
            .into_iter()
            .map(|fd| match is_input {
                true => self.input(task, fd),
                false => self.output(task, fd),
            })
            .collect();
        match members.len() {
            0 => Wait::moves(Kind::Other),
            1 => members.remove(0),
            _ => {
                let mut any = Wait::new(Kind::Poll, Vec::new());
                any.members = members;
                any
            }
        }
    }

    fn any_child(&self, pid: i32) -> Wait {
        let children = self.census.children(pid);
        if children.is_empty() {
            return Wait::moves(Kind::Child);
        }
        let wakers = children.into_iter().map(Waker::Process).collect();
        Wait::new(Kind::Child, wakers)
    }

    /// `/proc/locks` names who waits, below the lock that is in the way.
    fn blocked_lock(&self, tid: i32) -> Wait {
        let table = self.proc.table("locks").unwrap_or_default();
        let mut holder = None;
        for line in table.lines() {
            let Some(lock) = parse::held_lock(line) else { continue };
            if !lock.is_waiting {
                holder = Some(lock);
            } else if lock.pid == tid
                && let Some(holder) = &holder
            {
                return self.held_lock(holder);
            }
        }
        Wait::moves(Kind::FileLock)
    }

    fn held_lock(&self, held: &parse::HeldLock) -> Wait {
        let waker = match self.census.process_of(held.pid) {
            // A lock of flock(2) may have passed on to others.
            Some(it) if self.census.is_alive(it) && held.kind == "POSIX" => {
                Waker::Process(it)
            }
            _ => Waker::Outside,
        };
        let (_, inode) = held.file;
        Wait::new(Kind::FileLock, vec![waker]).on(format!("inode {inode}"))
    }
}
