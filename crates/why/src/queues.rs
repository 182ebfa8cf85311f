//! POSIX message queues, and System V queues and semaphores.
//!
//! A System V object has a number that every process of the machine may use,
//! so a stranger could always serve it.

use crate::calls::Form;
use crate::census::Task;
use crate::holdings::End;
use crate::parse::{self, Syscall};
use crate::scene::Scene;
use crate::wait::{Evidence, Kind, Wait, Waker};

impl Scene<'_> {
    pub(crate) fn posix_queue(
        &mut self,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        if call.arguments[4] != 0 {
            return Wait::moves(Kind::Sleep);
        }
        let fd = call.arguments[0] as i32;
        let (kind, end) = match form {
            Form::QueueReceive => (Kind::Message, End::Write),
            _ => (Kind::MessageRoom, End::Read),
        };
        let Some(descriptor) = self.descriptor(task, fd) else {
            return Wait::moves(kind).through(fd);
        };
        let group = self.group(&descriptor.object, end);
        let mut wakers = vec![Waker::Group(group)];
        if self.is_empty(group) {
            // On its way in a message, or with the kernel.
            wakers.push(Waker::Outside);
        }
        if descriptor.is_named {
            wakers.extend([Waker::Stranger, Waker::Anybody]);
        }
        let object = format!("the queue {}", descriptor.text);
        Wait::new(kind, wakers).on(object).through(fd)
    }

    pub(crate) fn system_v_queue(
        &mut self,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        let id = call.arguments[0] as i32;
        let kind = match form {
            Form::MessageReceive => Kind::Message,
            _ => Kind::MessageRoom,
        };
        let known = self.system_v(task, "sysvipc/msg", 4, id);
        let count = known.map(|it| it.count);
        let asked = call.arguments[3] as i64;
        // Messages may be there, but of another type.
        let object = match (kind, count) {
            (Kind::Message, Some(1..)) => {
                format!("the System V queue {id} of type {asked}")
            }
            _ => format!("the System V queue {id}"),
        };
        Wait::new(kind, vec![Waker::Stranger, Waker::Anybody]).on(object)
    }

    pub(crate) fn system_v_semaphore(
        &mut self,
        task: &Task,
        is_timed: bool,
        call: &Syscall,
    ) -> Wait {
        if is_timed && call.arguments[3] != 0 {
            return Wait::moves(Kind::Sleep);
        }
        let id = call.arguments[0] as i32;
        let object = format!("System V semaphore {id}");
        let wakers = vec![Waker::Stranger, Waker::Anybody];
        let mut wait = Wait::new(Kind::Semaphore, wakers).on(object);
        let pid = self.census.processes[task.process].pid;
        let first = self.proc.words(pid, call.arguments[1]);
        let known = self.system_v(task, "sysvipc/sem", 3, id);
        if let (Some([first]), Some(_)) = (first, known) {
            let first: u32 = first;
            let number = i32::from(first as u16);
            self.know_last_user(&mut wait, task, id, number);
        }
        wait
    }

    /// The kernel keeps who changed a semaphore last.
    fn know_last_user(
        &self,
        wait: &mut Wait,
        task: &Task,
        id: i32,
        number: i32,
    ) {
        // SAFETY: GETPID takes no fourth argument and changes nothing.
        let last = unsafe { libc::semctl(id, number, libc::GETPID) };
        if last <= 0 || last == self.census.processes[task.process].pid {
            return;
        }
        match self.census.process_of(last) {
            Some(place) if self.census.is_alive(place) => {
                wait.wakers.push(Waker::Process(place));
            }
            Some(place) => {
                let process = &self.census.processes[place];
                let who = format!("{} ({})", process.who, process.name);
                wait.evidence = Some(Evidence::LastUser(who));
            }
            None if self.proc.stat(last).is_none() => {
                let who = format!("pid {last}");
                wait.evidence = Some(Evidence::LastUser(who));
            }
            // Who is known to have used it is no stranger who might come: what
            // it took may be given back (SEM_UNDO), in a closed tree too.
            None => wait.wakers.push(Waker::Outside),
        }
    }

    /// The line of a System V object; `None` in another namespace, whose
    /// numbers are not ours.
    pub(crate) fn system_v(
        &self,
        task: &Task,
        table: &str,
        column: usize,
        id: i32,
    ) -> Option<parse::SystemV> {
        let pid = self.census.processes[task.process].pid;
        let own = std::process::id() as i32;
        let theirs = self.proc.namespace(pid, "ipc")?;
        if self.proc.namespace(own, "ipc")? != theirs {
            return None;
        }
        let table = self.proc.table(table)?;
        let mut lines =
            table.lines().filter_map(|line| parse::system_v(line, column));
        lines.find(|line| line.id == id)
    }
}
