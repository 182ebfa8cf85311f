//! What a contained run may not do to others. It is refused at a stop, and
//! not by the filter alone, so that the trace tells whom it would reach.

use std::fs;
use std::io::Write;
use std::path::Path;

use nix::unistd::{Pid, getpgid};

use crate::attributes::{UNSEEN, open};
use crate::belongings::named;
use crate::forbidden_calls::{
    CHANGING, F_SETOWN_EX, NAMESPACES, OWNING, is_never_allowed,
};
use crate::keeper::Keeper;
use crate::names;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, read_memory, read_words};
use crate::table::Kind;
use crate::tree::Index;

impl<W: Write> Keeper<W> {
    /// Whom or what outside of a contained run the call would reach; `None` if
    /// it reaches nobody there, or the run is not contained.
    pub(crate) fn forbidden(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) -> Option<String> {
        let own = self.belongings.as_ref()?;
        let [first, second, third, ..] = call.arguments;
        let number = |value: u64| value as i32;
        let name = call.row.name;
        if let Some(whom) = never_allowed(call) {
            return Some(whom.to_owned());
        }
        match name {
            "clone" | "unshare" => return namespaces(number(first)),
            "socket" => {
                let is_own = number(first) == libc::AF_UNIX;
                return (!is_own).then(|| "the network".to_owned());
            }
            "connect" => return self.outer_socket(tid, (second, third)),
            "sendto" | "sendmsg" | "sendmmsg" => {
                return self.addressed(tid, call);
            }
            "setpriority" | "ioprio_set" => {
                // PRIO_PROCESS, _PGRP, _USER are 0, 1, 2; IOPRIO_WHO_ 1 to 3.
                let kind = number(first) - i32::from(name == "ioprio_set");
                return self.outer_target(number(second), kind);
            }
            "fcntl" | "ioctl" => {
                let (target, kind) = owner(tid, call)?;
                return self.outer_target(target, kind);
            }
            _ => {}
        }
        let foreign = own.foreign_object(call);
        let foreign = foreign.or_else(|| self.foreign_name(tid, call));
        foreign.or_else(|| self.outer_process(index, call))
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
    fn outer_socket(&self, tid: Tid, to: (u64, u64)) -> Option<String> {
        let (address, length) = to;
        if address == 0 || length < 3 {
            return None;
        }
        let mut bytes = [0; 110]; // struct sockaddr_un
        let length = bytes.len().min(length as usize);
        if read_memory(tid, address, &mut bytes[..length]) < length {
            return Some(UNSEEN.to_owned());
        }
        let (family, path) = bytes[..length].split_at(2);
        let end = path.iter().position(|it| *it == 0).unwrap_or(path.len());
        let is_named = family == (libc::AF_UNIX as u16).to_ne_bytes();
        if !is_named || end == 0 {
            return None; // abstract: out of reach, or of the run
        }
        let file = named(tid, libc::AT_FDCWD, path[..end].to_vec());
        let place = open(&file, 0).ok()?.place;
        (!self.is_of_run(&place)).then(|| clean(&place.to_string_lossy()))
    }

    /// The same of a message that has an address.
    fn addressed(&self, tid: Tid, call: &PendingCall) -> Option<String> {
        const HEADER: u64 = 64; // struct mmsghdr
        let [_, second, third, _, fifth, sixth] = call.arguments;
        let of = |header: u64| {
            let [name, length] = read_words(tid, header);
            (name, length & u64::from(u32::MAX))
        };
        let all = match call.row.name {
            "sendto" => vec![(fifth, sixth)],
            "sendmsg" => vec![of(second)],
            // The kernel takes no more at once (UIO_MAXIOV).
            _ => (0..(third & u64::from(u32::MAX)).min(1024))
                .map(|at| of(second.wrapping_add(HEADER * at)))
                .collect(),
        };
        all.into_iter().find_map(|to| self.outer_socket(tid, to))
    }
}

/// Of a call that no argument makes harmless, or this one does not.
fn never_allowed(call: &PendingCall) -> Option<&'static str> {
    const KEEPER: &str = "whoever follows its calls";
    let [first, second, ..] = call.arguments.map(|it| it as i32);
    match call.row.name {
        // Of several filters the strictest answer counts, and of equal ones
        // the youngest: ours would not be asked.
        "seccomp" => Some(KEEPER),
        "prctl" => {
            let is_filter = first == libc::PR_SET_SECCOMP
                && second == libc::SECCOMP_MODE_FILTER as i32;
            is_filter.then_some(KEEPER)
        }
        "fcntl" if second == libc::F_SETLEASE => {
            Some("whoever opens that file")
        }
        "ioctl" if CHANGING.contains(&(second as u32)) => {
            Some("the flags of a file")
        }
        _ => is_never_allowed(call.row).then_some("the machine"),
    }
}

/// Whether a stop was for this look only: no event tells of the call, and no
/// plan may count it.
pub(crate) fn is_only_checked(tid: Tid, call: &PendingCall) -> bool {
    let is_more = match call.row.name {
        "fcntl" => {
            let is_lease = call.arguments[1] as i32 == libc::F_SETLEASE;
            is_lease || owner(tid, call).is_some()
        }
        "ioctl" => owner(tid, call).is_some(),
        "prctl" => call.arguments[0] as i32 == libc::PR_SET_SECCOMP,
        _ => false,
    };
    is_more || call.row.kind == Kind::Checked
}

fn namespaces(flags: i32) -> Option<String> {
    (flags & NAMESPACES != 0).then(|| "namespaces of its own".to_owned())
}

/// Who shall get the signals of a descriptor, as `outer_target` takes it;
/// `None` if the call is about something else.
fn owner(tid: Tid, call: &PendingCall) -> Option<(i32, i32)> {
    let [_, command, argument, ..] = call.arguments;
    if call.row.name == "ioctl" {
        let is_owner = OWNING.contains(&(command as u32));
        let mut target = [0; 4];
        read_memory(tid, argument, &mut target);
        let target = i32::from_ne_bytes(target);
        return is_owner
            .then(|| (target.wrapping_abs(), i32::from(target < 0)));
    }
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
