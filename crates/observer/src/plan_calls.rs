//! The calls that a plan may name, and which of them a filter needs beyond
//! those that a trace tells of.

use std::fmt;

#[cfg(target_arch = "x86_64")]
use libc::{SYS_access, SYS_lstat, SYS_mkdir, SYS_rename, SYS_stat};
use libc::{
    SYS_bind, SYS_exit, SYS_exit_group, SYS_faccessat, SYS_fsync,
    SYS_ftruncate, SYS_getppid, SYS_listen, SYS_lseek, SYS_mkdirat,
    SYS_newfstatat, SYS_pread64, SYS_preadv, SYS_pwrite64, SYS_pwritev,
    SYS_renameat2, SYS_sched_yield, SYS_set_tid_address, SYS_sigaltstack,
    SYS_statx,
};

use crate::forbidden_calls::{CHECKED, wider};
use crate::pending::PendingCall;
use crate::plan::Plan;
use crate::table::{Kind, Row, TABLE, Test};

const fn extra(number: libc::c_long, name: &'static str) -> Row {
    let kind = Kind::Unobserved;
    Row { number, name, kind, wants_return: false, test: Test::Always }
}

/// Calls that no event tells of. They stop their caller only where a plan
/// needs it.
const EXTRA: &[Row] = &[
    extra(SYS_set_tid_address, "set_tid_address"),
    extra(SYS_sigaltstack, "sigaltstack"),
    extra(SYS_sched_yield, "sched_yield"),
    extra(SYS_newfstatat, "newfstatat"),
    extra(SYS_statx, "statx"),
    extra(SYS_faccessat, "faccessat"),
    extra(SYS_pread64, "pread64"),
    extra(SYS_pwrite64, "pwrite64"),
    extra(SYS_preadv, "preadv"),
    extra(SYS_pwritev, "pwritev"),
    extra(SYS_lseek, "lseek"),
    extra(SYS_fsync, "fsync"),
    extra(SYS_ftruncate, "ftruncate"),
    extra(SYS_getppid, "getppid"),
    extra(SYS_mkdirat, "mkdirat"),
    extra(SYS_renameat2, "renameat2"),
    extra(SYS_bind, "bind"),
    extra(SYS_listen, "listen"),
    extra(SYS_exit_group, "exit_group"),
    extra(SYS_exit, "exit"),
    #[cfg(target_arch = "x86_64")]
    extra(SYS_stat, "stat"),
    #[cfg(target_arch = "x86_64")]
    extra(SYS_lstat, "lstat"),
    #[cfg(target_arch = "x86_64")]
    extra(SYS_access, "access"),
    #[cfg(target_arch = "x86_64")]
    extra(SYS_mkdir, "mkdir"),
    #[cfg(target_arch = "x86_64")]
    extra(SYS_rename, "rename"),
];

/// Who asks a file's state again and again polls, and so does who yields.
const ASKING: &[&str] = &[
    "sched_yield",
    "newfstatat",
    "statx",
    "faccessat",
    "stat",
    "lstat",
    "access",
];

/// Words for several calls. `fork`, `thread` and `lock` are told apart by
/// their arguments too.
const GROUPS: &[(&str, &[&str])] = &[
    ("fork", &["fork", "vfork", "clone"]),
    ("thread", &["clone"]),
    ("exec", &["execve", "execveat"]),
    ("wait", &["wait4", "waitid"]),
    ("exit", &["exit_group", "exit"]),
    (
        "kill",
        &["kill", "tkill", "tgkill", "rt_sigqueueinfo", "pidfd_send_signal"],
    ),
    ("open", &["open", "openat", "openat2", "creat"]),
    ("pipe", &["pipe", "pipe2"]),
    ("dup", &["dup", "dup2", "dup3"]),
    (
        "read",
        &[
            "read", "readv", "pread64", "preadv", "preadv2", "recvfrom",
            "recvmsg", "recvmmsg",
        ],
    ),
    (
        "write",
        &[
            "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto",
            "sendmsg", "sendmmsg",
        ],
    ),
    ("lock", &["flock", "fcntl"]),
    (
        "poll",
        &[
            "poll",
            "ppoll",
            "select",
            "pselect6",
            "epoll_wait",
            "epoll_pwait",
            "epoll_pwait2",
        ],
    ),
    ("sleep", &["nanosleep", "clock_nanosleep"]),
    // No call at all: an instruction.
    (STORE, &[]),
];

const STORE: &str = "store";

/// A call that a plan names, or a word for several.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CallName(&'static str);

impl CallName {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let groups = GROUPS.iter().map(|(word, _)| *word);
        // clone3(2) is never made.
        let rows = TABLE.iter().filter(|row| row.kind != Kind::Clone3);
        let rows = rows.chain(EXTRA).map(|row| row.name);
        groups
            .chain(rows)
            .find(|name| *name == text)
            .map(Self)
            .ok_or_else(|| format!("no call '{text}' can be named here"))
    }

    /// Whether it is no call, but a store to shared memory.
    pub(crate) fn is_store(self) -> bool {
        self.0 == STORE
    }

    /// The system calls behind the word.
    fn calls(&self) -> &[&'static str] {
        let group = GROUPS.iter().find(|(word, _)| *word == self.0);
        group.map_or(std::slice::from_ref(&self.0), |(_, calls)| calls)
    }

    pub(crate) fn never_returns(self) -> bool {
        self.calls().iter().any(|call| call.starts_with("exit"))
    }

    /// Whether this call is one of them.
    pub(crate) fn covers(self, call: &PendingCall) -> bool {
        let [flags, command, ..] = call.arguments;
        let makes_thread =
            call.row.name == "clone" && flags as i32 & libc::CLONE_THREAD != 0;
        let is_right = match self.0 {
            "fork" => !makes_thread,
            "thread" => makes_thread,
            "lock" if call.row.kind == Kind::Fcntl => !matches!(
                command as i32,
                libc::F_DUPFD
                    | libc::F_DUPFD_CLOEXEC
                    | libc::F_SETFD
                    | libc::F_SETPIPE_SZ
            ),
            _ => true,
        };
        is_right && self.calls().contains(&call.row.name)
    }
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The call whose stop carries this number.
pub(crate) fn row_of(data: u16) -> Option<&'static Row> {
    let mut place = usize::from(data);
    for rows in [TABLE, EXTRA, CHECKED] {
        if let Some(row) = rows.get(place) {
            return Some(row);
        }
        place -= rows.len();
    }
    None
}

/// All rows of the filter, each with the number that its stops carry.
pub(crate) fn rows(
    plan: Option<&Plan>,
    is_contained: bool,
) -> impl Iterator<Item = (usize, Row)> {
    let is_needed = move |row: &Row| {
        let Some(plan) = plan else { return false };
        let is_named = plan.acts().iter().any(|act| {
            act.site().is_some_and(|it| it.call.calls().contains(&row.name))
        });
        matches!(row.name, "set_tid_address" | "sigaltstack")
            || is_named
            || plan.has_stores() && row.name.starts_with("pread")
            || plan.holds() && ASKING.contains(&row.name)
    };
    let extra = EXTRA.iter().enumerate().filter(move |(_, row)| is_needed(row));
    let extra = extra.map(|(place, row)| (TABLE.len() + place, row));
    let behind = TABLE.len() + EXTRA.len();
    let checked = CHECKED.iter().enumerate().filter(move |_| is_contained);
    let checked = checked.map(move |(place, row)| (behind + place, *row));
    let table = TABLE.iter().enumerate().map(move |(place, row)| {
        let row = if is_contained { wider(row) } else { *row };
        // Who only asks may be polling, which counts while somebody is held.
        let is_always =
            plan.is_some() && matches!(row.test, Test::Waits { .. });
        let test = if is_always { Test::Always } else { row.test };
        (place, Row { test, ..row })
    });
    table.chain(extra.map(|(place, row)| (place, *row))).chain(checked)
}

/// Whether the call waits for nothing but time.
pub(crate) fn is_sleep(call: &PendingCall) -> bool {
    let count = match call.row.name {
        "poll" | "ppoll" => call.arguments[1],
        "select" | "pselect6" => call.arguments[0],
        _ => 1,
    };
    call.row.kind == Kind::Sleep || count == 0
}

/// Whether the call does nothing but ask, and no event tells of it.
pub(crate) fn is_asking(call: &PendingCall) -> bool {
    ASKING.contains(&call.row.name)
}

/// Whether the call ends only with a signal's handler. aarch64 has no
/// pause(2): its C libraries call ppoll(2) for nothing and without a limit.
pub(crate) fn is_pause(call: &PendingCall) -> bool {
    let [first, second, third, _, fifth, _] = call.arguments;
    match call.row.name {
        "poll" => second == 0 && (third as i32) < 0,
        "ppoll" => second == 0 && third == 0,
        "select" | "pselect6" => first == 0 && fifth == 0,
        name => matches!(name, "pause" | "rt_sigsuspend"),
    }
}

/// Whether the answer says "not yet": who gets it again and again polls.
pub(crate) fn is_not_yet(call: &PendingCall, value: i64) -> bool {
    let arguments = call.arguments;
    let answer = (value < 0).then(|| -value as i32);
    match (call.row.kind, answer) {
        (_, Some(libc::EAGAIN | libc::EBUSY | libc::ETIMEDOUT)) => true,
        (Kind::Connect, Some(_)) => true,
        (Kind::Wait4, _) => value == 0,
        (Kind::WaitId, _) => arguments[3] as i32 & libc::WNOHANG != 0,
        // With no descriptors it is a sleep.
        (Kind::Poll, _) => value == 0 && !is_sleep(call),
        (Kind::Kill { signal, .. }, _) => arguments[usize::from(signal)] == 0,
        (Kind::Open { .. }, Some(libc::ENOENT | libc::EEXIST)) => true,
        (Kind::Open { .. }, None) => call.text.starts_with("/proc/"),
        (Kind::Unobserved, _) => is_asking(call),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::rows;
    use crate::plan::Plan;
    use crate::table::Test;

    #[test]
    fn who_only_asks_is_stopped_where_a_plan_may_hold_somebody() {
        let plan: Plan = "hold A.1 at read 2".parse().unwrap();
        for (plan, is_always) in [(None, false), (Some(&plan), true)] {
            for name in ["poll", "epoll_pwait"] {
                let mut rows = rows(plan, false);
                let Some((_, row)) = rows.find(|(_, row)| row.name == name)
                else {
                    continue; // aarch64 has no poll(2)
                };
                let found = matches!(row.test, Test::Always);
                assert_eq!(found, is_always, "{name}");
            }
        }
    }
}
