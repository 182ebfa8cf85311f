//! What a contained run may not do to others. It is refused at a stop, and
//! not by the filter alone, so that the trace tells whom it would reach.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use nix::unistd::{Pid, getpgid};

use crate::forbidden_calls::{
    Changed, F_SETOWN_EX, NAMESPACES, is_never_allowed,
};
use crate::keeper::Keeper;
use crate::names;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, read_memory, read_string, read_words};
use crate::table::Kind;
use crate::tree::Index;

const PATH_MAX: usize = 4096;

impl<W: Write> Keeper<W> {
    /// Whom or what outside of a contained run the call would reach; `None` if
    /// it reaches nobody there, or the run is not contained.
    pub(crate) fn forbidden(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) -> Option<String> {
        self.place.as_ref()?;
        let [first, second, third, ..] = call.arguments;
        let number = |value: u64| value as i32;
        let name = call.row.name;
        if is_never_allowed(call.row) {
            return Some("the machine".to_owned());
        }
        match name {
            "clone" | "unshare" => return namespaces(number(first)),
            "socket" => {
                let is_own = number(first) == libc::AF_UNIX;
                return (!is_own).then(|| "the network".to_owned());
            }
            "connect" => return self.outer_socket(index, tid, second, third),
            "setpriority" | "ioprio_set" => {
                // PRIO_PROCESS, _PGRP, _USER are 0, 1, 2; IOPRIO_WHO_ 1 to 3.
                let kind = number(first) - i32::from(name == "ioprio_set");
                return self.outer_target(number(second), kind);
            }
            "fcntl" => {
                let (target, kind) = owner(tid, call)?;
                return self.outer_target(target, kind);
            }
            _ => {}
        }
        if let Some(changed) = Changed::by(name) {
            return self.outer_file(index, tid, changed, call);
        }
        self.outer_process(index, call)
    }

    /// The process that it acts on, if that is none of the run's.
    fn outer_process(
        &mut self,
        index: Index,
        call: &PendingCall,
    ) -> Option<String> {
        let number = |value: u64| value as i32;
        let (name, first) = (call.row.name, number(call.arguments[0]));
        match call.row.kind {
            // Signal 0 only asks.
            Kind::Kill { pid, signal } => {
                let [pid, signal] =
                    [pid, signal].map(|it| call.arguments[usize::from(it)]);
                let target = self.outer_signalled(name, number(pid))?;
                (number(signal) != 0).then(|| {
                    format!("{target}, with {}", names::signal(number(signal)))
                })
            }
            Kind::Checked | Kind::Sched => self.outer_target(first, 0),
            // Who traces itself, or its own, the kernel refuses.
            Kind::Ptrace if first as u32 == libc::PTRACE_TRACEME => None,
            Kind::Ptrace => self.outer_target(number(call.arguments[1]), 0),
            Kind::PidfdSignal => {
                // A folder of /proc stands for its process, too.
                match self.pid_behind(index, first).parse() {
                    Ok(pid) => self.outer_target(pid, 0),
                    Err(_) => {
                        let pid = self.tree.process(index).pid;
                        let link = format!("/proc/{pid}/fd/{first}");
                        fs::read_link(link)
                            .is_ok()
                            .then(|| format!("whoever descriptor {first} is"))
                    }
                }
            }
            _ if name == "pidfd_open" => self.outer_target(first, 0),
            _ => None,
        }
    }

    fn outer_signalled(&self, call: &str, target: i32) -> Option<String> {
        match (call, target) {
            ("kill", -1) => {
                Some("-1, which is every process of this user".to_owned())
            }
            ("kill", ..-1) => self.outer_target(-target, 1),
            _ => self.outer_target(target, 0),
        }
    }

    /// A process, a process group or a user that is not of the run, by
    /// PRIO_PROCESS, PRIO_PGRP and PRIO_USER.
    fn outer_target(&self, target: i32, kind: i32) -> Option<String> {
        match (kind, target) {
            (0 | 1, ..=0) => None, // its own
            (0, pid) => {
                let is_ours = self.tree.index_of(pid).is_some()
                    || self.tree.by_pid(pid).is_some();
                let is_there = Path::new(&format!("/proc/{pid}")).exists();
                (!is_ours && is_there)
                    .then(|| format!("process {pid}, which is none of the run"))
            }
            (1, group) => {
                let is_in = |pid: i32| {
                    getpgid(Some(Pid::from_raw(pid)))
                        .is_ok_and(|it| it.as_raw() == group)
                };
                let is_ours = self.tree.pids().any(is_in);
                (!is_ours).then(|| {
                    format!("process group {group}, which is none of the run")
                })
            }
            _ => Some("all processes of a user".to_owned()),
        }
    }

    /// The socket's file, if it lies outside.
    fn outer_socket(
        &mut self,
        index: Index,
        tid: Tid,
        address: u64,
        length: u64,
    ) -> Option<String> {
        let mut bytes = [0; 110]; // struct sockaddr_un
        let length = bytes.len().min(length as usize);
        let length = read_memory(tid, address, &mut bytes[..length]);
        let path = bytes[..length].get(2..)?;
        let end = path.iter().position(|it| *it == 0).unwrap_or(path.len());
        let path = String::from_utf8_lossy(&path[..end]).into_owned();
        if path.is_empty() {
            return None; // abstract: out of reach, or of the run
        }
        let pid = self.tree.process(index).pid;
        let file = Path::new(&format!("/proc/{pid}/cwd")).join(&path);
        let is_there = fs::symlink_metadata(&file).is_ok();
        (is_there && !self.is_inside(&file)).then(|| clean(&path))
    }

    /// The file whose owner, mode or times are to change, if it is none of
    /// the run's.
    fn outer_file(
        &mut self,
        index: Index,
        tid: Tid,
        changed: Changed,
        call: &PendingCall,
    ) -> Option<String> {
        let [first, second, ..] = call.arguments;
        let pid = self.tree.process(index).pid;
        let of_fd = |fd: i32| match fd {
            libc::AT_FDCWD => format!("/proc/{pid}/cwd"),
            fd => format!("/proc/{pid}/fd/{fd}"),
        };
        let (base, at) = match changed {
            Changed::At => (of_fd(first as i32), second),
            Changed::Path => (of_fd(libc::AT_FDCWD), first),
            Changed::Descriptor => (of_fd(first as i32), 0),
        };
        let path = read_string(tid, at, PATH_MAX);
        let file = match path.is_empty() {
            true => PathBuf::from(&base),
            false => Path::new(&base).join(&path),
        };
        // Pipes and what is gone have no place.
        let is_there =
            fs::metadata(&file).is_ok_and(|it| it.is_file() || it.is_dir());
        let said = if path.is_empty() { base } else { path };
        (is_there && !self.is_inside(&file)).then(|| clean(&said))
    }

    /// Whether a file lies where the run may change what it likes.
    fn is_inside(&self, file: &Path) -> bool {
        let shared = ["/dev/shm", "/dev/mqueue"].map(PathBuf::from);
        let Ok(file) = fs::canonicalize(file) else { return false };
        // In memory, and nobody else's.
        file.starts_with("/memfd:")
            || self.place.iter().chain(&shared).any(|it| file.starts_with(it))
    }
}

/// Whether a stop was for this look only: no event tells of the call, and no
/// plan may count it.
pub(crate) fn is_only_checked(tid: Tid, call: &PendingCall) -> bool {
    call.row.kind == Kind::Checked
        || call.row.name == "fcntl" && owner(tid, call).is_some()
}

fn namespaces(flags: i32) -> Option<String> {
    (flags & NAMESPACES != 0).then(|| "namespaces of its own".to_owned())
}

/// Who shall get the signals of a descriptor, as `outer_target` takes it;
/// `None` if the call is about something else.
fn owner(tid: Tid, call: &PendingCall) -> Option<(i32, i32)> {
    let [_, command, argument, ..] = call.arguments;
    match command as i32 {
        libc::F_SETOWN => {
            let target = argument as i32;
            Some((target.wrapping_abs(), i32::from(target < 0)))
        }
        // F_OWNER_TID, F_OWNER_PID and F_OWNER_PGRP are 0, 1, 2.
        F_SETOWN_EX => {
            let [both] = read_words(tid, argument);
            Some(((both >> 32) as i32, i32::from(both as i32 == 2)))
        }
        _ => None,
    }
}

fn clean(path: &str) -> String {
    path.chars().filter(|it| !it.is_control()).collect()
}
