//! Descriptors are made and copied; locks, mappings, priorities and names
//! are asked for.

use std::fs;
use std::io::Write;
use std::rc::Rc;

use trace::What;

use crate::descriptors::{Descriptor, mode_of};
use crate::keeper::Keeper;
use crate::names;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, read_memory, read_words};
use crate::table::Kind;
use crate::tree::Index;

impl<W: Write> Keeper<W> {
    pub(crate) fn described(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let arguments = call.arguments;
        let from = arguments[0] as i32;
        let is_on_exec = |flags: u64| flags as i32 & libc::O_CLOEXEC != 0;
        match call.row.kind {
            Kind::Open { flags, .. } => {
                let flags = arguments.get(usize::from(flags));
                let flags = flags.map_or(libc::O_WRONLY, |flags| *flags as i32);
                self.opened(index, tid, call, value, flags);
            }
            Kind::OpenHow => {
                let [flags] = read_words(tid, arguments[2]);
                self.opened(index, tid, call, value, flags as i32);
            }
            Kind::Descriptor if value >= 0 => {
                self.made(index, tid, call, value as i32);
            }
            Kind::Dup if value >= 0 => {
                self.copied(index, tid, from, value as i32, false);
            }
            Kind::Dup3 if value >= 0 => {
                let cloexec = is_on_exec(arguments[2]);
                self.copied(index, tid, from, value as i32, cloexec);
            }
            Kind::Fcntl => self.controlled(index, tid, call, value),
            Kind::Ioctl if value >= 0 => match arguments[1] as libc::Ioctl {
                libc::TIOCGPTPEER => self.made(index, tid, call, value as i32),
                command => {
                    let is_on = command == libc::FIOCLEX;
                    let table =
                        Rc::clone(&self.tree.process(index).descriptors);
                    table.borrow_mut().set_cloexec(from, from, is_on);
                }
            },
            _ => {}
        }
    }

    fn opened(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
        flags: i32,
    ) {
        let fd = (value >= 0).then_some(value as i32);
        // A queue is closed by exec whatever the flags say.
        let cloexec =
            flags & libc::O_CLOEXEC != 0 || matches!(call.row.name, "mq_open");
        if let Some(fd) = fd {
            let process = self.tree.process(index);
            let mut table = process.descriptors.borrow_mut();
            let path = &call.text;
            if is_file(path, process.is_elsewhere) {
                let object = path.as_str().into();
                let mode = mode_of(flags);
                table.insert(fd, Descriptor { object, cloexec, mode });
            } else {
                table.close(fd);
                table.look_up(process.pid, fd);
            }
        }
        let named = fd.and_then(|fd| self.descriptor(index, fd));
        let named = named.filter(|it| *it.object != *call.text);
        let (object, mode) = channel_of(named);
        let what = What::Open {
            call: call.row.name.to_owned(),
            path: call.text.clone(),
            fd,
            object,
            mode,
            cloexec,
            errno: names::errno(value),
        };
        self.tell(index, tid, what);
    }

    /// A descriptor that has no path: what it is only /proc knows.
    pub(crate) fn made(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        fd: i32,
    ) {
        let process = self.tree.process(index);
        let mut table = process.descriptors.borrow_mut();
        table.close(fd);
        table.look_up(process.pid, fd);
        let Some(made) = table.get(process.pid, fd) else { return };
        let (path, cloexec) = (made.object.to_string(), made.cloexec);
        let (_, mode) = channel_of(Some(made.clone()));
        drop(table);
        let what = What::Open {
            call: call.row.name.to_owned(),
            path,
            fd: Some(fd),
            object: None,
            mode,
            cloexec,
            errno: None,
        };
        self.tell(index, tid, what);
    }

    /// clone(2) with `CLONE_PIDFD` leaves a descriptor at its third argument.
    pub(crate) fn made_by_clone(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) {
        let [_, _, at, ..] = call.arguments;
        if call.clone_flags() & libc::CLONE_PIDFD == 0 {
            return;
        }
        let mut bytes = [0; 4];
        if read_memory(tid, at, &mut bytes) == bytes.len() {
            self.made(index, tid, call, i32::from_ne_bytes(bytes));
        }
    }

    fn copied(
        &mut self,
        index: Index,
        tid: Tid,
        from: i32,
        fd: i32,
        cloexec: bool,
    ) {
        if from == fd {
            return;
        }
        let Some(original) = self.descriptor(index, from) else { return };
        let object = original.object.to_string();
        let copy = Descriptor { cloexec, ..original };
        let table = Rc::clone(&self.tree.process(index).descriptors);
        let replaced = table.borrow_mut().close(fd);
        table.borrow_mut().insert(fd, copy);
        if let Some(replaced) = replaced {
            let object = replaced.object.to_string();
            self.tell(index, tid, What::Close { fd, object, by_exec: false });
        }
        self.tell(index, tid, What::Dup { from, fd, object, cloexec });
    }

    fn controlled(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let fd = call.arguments[0] as i32;
        match call.arguments[1] as i32 {
            command @ (libc::F_DUPFD | libc::F_DUPFD_CLOEXEC) => {
                if value >= 0 {
                    let cloexec = command == libc::F_DUPFD_CLOEXEC;
                    self.copied(index, tid, fd, value as i32, cloexec);
                }
            }
            libc::F_SETFD => {
                let is_on = call.arguments[2] as i32 & libc::FD_CLOEXEC != 0;
                let table = Rc::clone(&self.tree.process(index).descriptors);
                table.borrow_mut().set_cloexec(fd, fd, is_on);
            }
            libc::F_SETPIPE_SZ => {
                let pipe = self.descriptor(index, fd);
                if let (Some(pipe), Ok(size)) = (pipe, u64::try_from(value)) {
                    self.order.resized(&pipe.object, size);
                }
            }
            command => {
                let [kind] = read_words(tid, call.arguments[2]);
                let operation = match (kind & 0xffff) as i32 {
                    libc::F_RDLCK => "shared",
                    libc::F_WRLCK => "exclusive",
                    _ => "unlock",
                };
                let is_posix =
                    matches!(command, libc::F_SETLK | libc::F_SETLKW);
                let kind = if is_posix { "fcntl" } else { "ofd" };
                self.locked(index, tid, fd, kind, operation, value);
            }
        }
    }

    fn locked(
        &mut self,
        index: Index,
        tid: Tid,
        fd: i32,
        kind: &str,
        operation: &str,
        value: i64,
    ) {
        let file = self.descriptor(index, fd);
        let what = What::Lock {
            kind: kind.to_owned(),
            operation: operation.to_owned(),
            fd,
            object: file.map(|it| it.object.to_string()).unwrap_or_default(),
            errno: names::errno(value),
        };
        self.tell(index, tid, what);
    }

    pub(crate) fn others(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let arguments = call.arguments;
        let errno = names::errno(value);
        let name = call.row.name.to_owned();
        let what = match call.row.kind {
            Kind::Lock => {
                let operation = match arguments[1] as i32 & !libc::LOCK_NB {
                    libc::LOCK_SH => "shared",
                    libc::LOCK_EX => "exclusive",
                    _ => "unlock",
                };
                let fd = arguments[0] as i32;
                return self.locked(index, tid, fd, "flock", operation, value);
            }
            Kind::Map if errno.is_none() => What::Map {
                object: self.mapped(index, arguments),
                address: value as u64,
                length: arguments[1],
            },
            Kind::Futex => What::Futex {
                operation: "wait".to_owned(),
                address: arguments[0],
                is_private: arguments[1] as i32 & libc::FUTEX_PRIVATE_FLAG != 0,
                woken: None,
                errno,
            },
            Kind::Sched => {
                What::Sched { call: name, asked: asked(call), errno }
            }
            Kind::Name { .. } => match unlinked(name, call, errno) {
                Some(what) => what,
                None => return,
            },
            Kind::SystemV => {
                self.made_object(call, value);
                let object = format!("{:#x}", arguments[0]);
                What::Shm { call: name, object, errno }
            }
            _ => return,
        };
        self.tell(index, tid, what);
    }

    fn mapped(&mut self, index: Index, arguments: [u64; 6]) -> String {
        if arguments[3] as i32 & libc::MAP_ANONYMOUS != 0 {
            return "anonymous".to_owned();
        }
        let file = self.descriptor(index, arguments[4] as i32);
        file.map(|it| it.object.to_string()).unwrap_or_default()
    }
}

/// A queue or shared memory has lost its name; other files are nobody's
/// business.
fn unlinked(
    name: String,
    call: &PendingCall,
    errno: Option<String>,
) -> Option<What> {
    let object = call.text.clone();
    if name == "mq_unlink" {
        return Some(What::Mq { call: name, object, bytes: None, errno });
    }
    let call = "unlink".to_owned();
    object.starts_with("/dev/shm/").then_some(What::Shm { call, object, errno })
}

/// What a scheduling call asked for.
fn asked(call: &PendingCall) -> String {
    let arguments = call.arguments;
    match call.row.name {
        "setpriority" => format!("niceness {}", arguments[2] as i32),
        "sched_setscheduler" => format!("policy {}", arguments[1] as i32),
        _ => String::new(),
    }
}

/// The pipe or socket that a descriptor names, and its mode; nothing of any
/// other.
fn channel_of(named: Option<Descriptor>) -> (Option<String>, Option<String>) {
    let channel = named.filter(Descriptor::is_channel);
    let both = channel.map(|it| (it.object.to_string(), it.mode.to_string()));
    both.unzip()
}

/// Whether a path surely leads to a regular file, whose name it is. The
/// descriptor knows as well, but /proc makes and forgets a dozen entries for
/// each process that it is asked about, which a short-lived one pays dearly.
fn is_file(path: &str, is_elsewhere: bool) -> bool {
    let says_it = path.starts_with('/')
        // These mean another file to each process that opens them.
        && !path.starts_with("/proc/")
        && !path.starts_with("/dev/");
    says_it
        && !is_elsewhere
        && fs::metadata(path).is_ok_and(|file| file.is_file())
}
