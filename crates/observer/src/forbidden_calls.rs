//! The calls that a contained run may not make, or not with every argument,
//! and the filter's rows for them.

// A hundred names, SYS_…. (The lint is silent in tests.)
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "a hundred names of one kind")
)]
use libc::*;

use crate::table::{FCNTLS, Kind, Row, Test};

const fn row(number: c_long, name: &'static str, test: Test) -> Row {
    Row { number, name, kind: Kind::Checked, wants_return: false, test }
}

const fn always(number: c_long, name: &'static str) -> Row {
    row(number, name, Test::Always)
}

/// The first argument is a process; zero is the caller.
const fn on_another(number: c_long, name: &'static str) -> Row {
    row(number, name, Test::HasPointer { argument: 0 })
}

/// Namespaces of a run's own: in a new user namespace it would have rights.
pub(crate) const NAMESPACES: i32 = CLONE_NEWUSER
    | CLONE_NEWPID
    | CLONE_NEWNS
    | CLONE_NEWNET
    | CLONE_NEWIPC
    | CLONE_NEWUTS
    | CLONE_NEWCGROUP;

/// Calls that change the machine, or see into it. Most are root's alone, and
/// no submission has its rights: they are here so that one sees the attempt.
const NEVER: &[&str] = &[
    "mount",
    "umount2",
    "move_mount",
    "mount_setattr",
    "bpf",
    "keyctl",
    "add_key",
    "request_key",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "clock_settime",
    "syslog",
    "vhangup",
    "iopl",
    "ioperm",
    // Of the observed calls:
    "chroot",
    "pivot_root",
    "setns",
    "open_tree",
    "fsopen",
    "fspick",
    "fsmount",
    "perf_event_open",
    "userfaultfd",
    "fanotify_init",
    "open_by_handle_at",
    "memfd_secret",
];

pub(crate) fn is_never_allowed(row: &Row) -> bool {
    NEVER.contains(&row.name)
}

/// Rows beyond the table's, for a contained run.
#[rustfmt::skip]
pub(crate) const CHECKED: &[Row] = &[
    always(SYS_mount, "mount"),
    always(SYS_umount2, "umount2"),
    always(SYS_move_mount, "move_mount"),
    always(SYS_mount_setattr, "mount_setattr"),
    always(SYS_bpf, "bpf"),
    always(SYS_keyctl, "keyctl"),
    always(SYS_add_key, "add_key"),
    always(SYS_request_key, "request_key"),
    always(SYS_init_module, "init_module"),
    always(SYS_finit_module, "finit_module"),
    always(SYS_delete_module, "delete_module"),
    always(SYS_kexec_load, "kexec_load"),
    always(SYS_reboot, "reboot"),
    always(SYS_swapon, "swapon"),
    always(SYS_swapoff, "swapoff"),
    always(SYS_acct, "acct"),
    always(SYS_quotactl, "quotactl"),
    always(SYS_sethostname, "sethostname"),
    always(SYS_setdomainname, "setdomainname"),
    always(SYS_settimeofday, "settimeofday"),
    always(SYS_clock_settime, "clock_settime"),
    always(SYS_syslog, "syslog"),
    always(SYS_vhangup, "vhangup"),
    on_another(SYS_prlimit64, "prlimit64"),
    on_another(SYS_sched_setparam, "sched_setparam"),
    on_another(SYS_process_vm_readv, "process_vm_readv"),
    on_another(SYS_process_vm_writev, "process_vm_writev"),
    on_another(SYS_migrate_pages, "migrate_pages"),
    on_another(SYS_move_pages, "move_pages"),
    always(SYS_ioprio_set, "ioprio_set"),
    always(SYS_fchmodat, "fchmodat"),
    always(SYS_fchmod, "fchmod"),
    always(SYS_fchownat, "fchownat"),
    always(SYS_fchown, "fchown"),
    always(SYS_utimensat, "utimensat"),
    always(SYS_setxattr, "setxattr"),
    always(SYS_lsetxattr, "lsetxattr"),
    always(SYS_fsetxattr, "fsetxattr"),
    always(SYS_removexattr, "removexattr"),
    always(SYS_lremovexattr, "lremovexattr"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_chmod, "chmod"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_chown, "chown"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_lchown, "lchown"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_utime, "utime"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_utimes, "utimes"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_futimesat, "futimesat"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_iopl, "iopl"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_ioperm, "ioperm"),
];

/// Where a call that changes a file has it: the folder's descriptor and the
/// path, a path alone, or a descriptor alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Changed {
    At,
    Path,
    Descriptor,
}

impl Changed {
    pub(crate) fn by(name: &str) -> Option<Self> {
        Some(match name {
            "fchmodat" | "fchownat" | "utimensat" | "futimesat" => Self::At,
            "fchmod" | "fchown" | "fsetxattr" => Self::Descriptor,
            "chmod" | "chown" | "lchown" | "utime" | "utimes" | "setxattr"
            | "lsetxattr" | "removexattr" | "lremovexattr" => Self::Path,
            _ => return None,
        })
    }
}

const WIDER_FCNTLS: &[u32] = &{
    const COUNT: usize = FCNTLS.len();
    let mut all = [0; COUNT + 2];
    let mut at = 0;
    while at < COUNT {
        all[at] = FCNTLS[at];
        at += 1;
    }
    all[COUNT] = F_SETOWN as u32;
    all[COUNT + 1] = F_SETOWN_EX as u32;
    all
};

pub(crate) const F_SETOWN_EX: i32 = 15; // <asm-generic/fcntl.h>

/// What of an observed call stops its caller in a contained run.
pub(crate) fn wider(row: &Row) -> Row {
    let test = match row.name {
        "fcntl" => {
            Test::IsOneOf { argument: 1, mask: u32::MAX, values: WIDER_FCNTLS }
        }
        "unshare" => {
            Test::HasBit { argument: 0, bit: (CLONE_FILES | NAMESPACES) as u32 }
        }
        _ => row.test,
    };
    Row { test, ..*row }
}
