//! Reading and writing: pipes and FIFOs here; what else a descriptor may
//! lead to is handed on.

use std::path::{Path, PathBuf};

use crate::calls::Form;
use crate::census::Task;
use crate::holdings::End;
use crate::parse::Syscall;
use crate::proc::{Descriptor, Object, object_of};
use crate::scene::Scene;
use crate::wait::{Evidence, Kind, Wait, Waker};

impl Scene<'_> {
    /// A wait for bytes, or for their end.
    pub(crate) fn input(&mut self, task: &Task, fd: i32) -> Wait {
        let Some(descriptor) = self.descriptor(task, fd) else {
            return Wait::moves(Kind::Other).through(fd);
        };
        let text = descriptor.text.clone();
        let wait = match descriptor.object {
            Object::Pipe(_) | Object::Fifo(..) => {
                self.pipe(&descriptor, End::Write)
            }
            Object::Socket(_) => self.receive(task, &descriptor),
            Object::Anonymous | Object::Event(_) => {
                self.special(task, &descriptor, End::Read)
            }
            Object::Device => Wait::moves(Kind::Terminal),
            Object::File(..) => Wait::moves(Kind::Other),
        };
        wait.through(fd).on_default(&text)
    }

    /// A wait for room.
    pub(crate) fn output(&mut self, task: &Task, fd: i32) -> Wait {
        let Some(descriptor) = self.descriptor(task, fd) else {
            return Wait::moves(Kind::Other).through(fd);
        };
        let text = descriptor.text.clone();
        let wait = match descriptor.object {
            Object::Pipe(_) | Object::Fifo(..) => {
                self.pipe(&descriptor, End::Read)
            }
            Object::Socket(_) => self.send(task, &descriptor),
            Object::Anonymous | Object::Event(_) => {
                self.special(task, &descriptor, End::Write)
            }
            Object::Device => Wait::moves(Kind::Terminal),
            Object::File(..) => Wait::moves(Kind::Other),
        };
        wait.through(fd).on_default(&text)
    }

    /// A wait for those who hold the other end of a pipe.
    fn pipe(&mut self, descriptor: &Descriptor, other: End) -> Wait {
        let group = self.group(&descriptor.object, other);
        // Whoever holds either end may make the pipe larger
        // (F_SETPIPE_SZ), or open the other end anew through /dev/fd.
        let both = self.group(&descriptor.object, End::Both);
        let mut wakers = vec![Waker::Group(group)];
        if self.is_empty(group) {
            // A reader would have got the end of file, a writer SIGPIPE.
            wakers.push(Waker::Outside);
        }
        if descriptor.is_named {
            wakers.extend([Waker::Stranger, Waker::Anybody]);
        }
        let kind = match other {
            End::Write => Kind::PipeData,
            _ => Kind::PipeRoom,
        };
        Wait::new(kind, wakers).or([Waker::Group(both)])
    }

    /// open(2) of a FIFO waits until somebody opens the other side.
    pub(crate) fn open(
        &mut self,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        let place = match form {
            Form::Open(place) => place,
            _ => 1,
        };
        let pid = self.census.processes[task.process].pid;
        let Some(path) = self.proc.path(pid, call.arguments[place]) else {
            return Wait::moves(Kind::Other);
        };
        let folder = match place {
            0 => libc::AT_FDCWD,
            _ => call.arguments[0] as i32,
        };
        let full = seen_from_here(pid, folder, &path);
        let fifo = std::fs::metadata(full).map(|file| object_of(&file));
        let Ok(file @ Object::Fifo(..)) = fifo else {
            return Wait::moves(Kind::Other);
        };
        // Whoever had it open already would have let this call through: only
        // a new open counts.
        let wakers = vec![Waker::Stranger, Waker::Anybody];
        Wait::new(Kind::FifoPeer, wakers)
            .on(path.to_string_lossy())
            .knowing(Evidence::Fifo(file))
    }
}

/// A path as a process means it, in our own view of the file system.
pub(crate) fn seen_from_here(pid: i32, folder: i32, path: &Path) -> PathBuf {
    let base = match (path.strip_prefix("/"), folder) {
        (Ok(below), _) => {
            return Path::new(&format!("/proc/{pid}/root")).join(below);
        }
        (Err(_), libc::AT_FDCWD) => format!("/proc/{pid}/cwd"),
        (Err(_), fd) => format!("/proc/{pid}/fd/{fd}"),
    };
    Path::new(&base).join(path)
}

impl Wait {
    /// The object, unless something better is known.
    fn on_default(mut self, text: &str) -> Self {
        self.object.get_or_insert_with(|| text.to_owned());
        self
    }
}
