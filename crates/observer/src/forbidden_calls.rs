//! The calls that a contained run may not make, or not with every argument,
//! and the filter's rows for them.

// A hundred names, SYS_…. (The lint is silent in tests.)
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "a hundred names of one kind")
)]
use libc::*;

use crate::table::{FCNTLS, IOCTLS, Kind, PRCTLS, Row, Test};

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

// <asm-generic/unistd.h>
const FCHMODAT2: c_long = 452;
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const FILE_SETATTR: c_long = 469;

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
    "setxattrat",
    "removexattrat",
    "file_setattr",
    "quotactl_fd",
    "kexec_file_load",
    "adjtimex",
    "clock_adjtime",
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
    always(FCHMODAT2, "fchmodat2"),
    always(SYS_fremovexattr, "fremovexattr"),
    always(SYS_removexattr, "removexattr"),
    always(SYS_lremovexattr, "lremovexattr"),
    // These two ask the kernel too; the others set.
    always(SYS_adjtimex, "adjtimex"),
    always(SYS_clock_adjtime, "clock_adjtime"),
    always(SYS_quotactl_fd, "quotactl_fd"),
    always(SYS_kexec_file_load, "kexec_file_load"),
    always(SETXATTRAT, "setxattrat"),
    always(REMOVEXATTRAT, "removexattrat"),
    always(FILE_SETATTR, "file_setattr"),
    row(SYS_seccomp, "seccomp", Test::IsOneOf {
        argument: 0, mask: u32::MAX, values: &[SECCOMP_SET_MODE_FILTER],
    }),
    always(SYS_shmat, "shmat"),
    always(SYS_shmctl, "shmctl"),
    always(SYS_msgctl, "msgctl"),
    always(SYS_semctl, "semctl"),
    always(SYS_truncate, "truncate"),
    always(SYS_renameat, "renameat"),
    always(SYS_renameat2, "renameat2"),
    always(SYS_linkat, "linkat"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_rename, "rename"),
    #[cfg(target_arch = "x86_64")]
    always(SYS_link, "link"),
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
            "fchmodat" | "fchmodat2" | "fchownat" | "utimensat"
            | "futimesat" => Self::At,
            "fchmod" | "fchown" | "fsetxattr" | "fremovexattr" => {
                Self::Descriptor
            }
            "chmod" | "chown" | "lchown" | "utime" | "utimes" | "setxattr"
            | "lsetxattr" | "removexattr" | "lremovexattr" => Self::Path,
            _ => return None,
        })
    }
}

const fn wide<const SUM: usize>(observed: &[u32], more: &[u32]) -> [u32; SUM] {
    let (mut all, mut at) = ([0; SUM], 0);
    while at < SUM {
        all[at] = match at < observed.len() {
            true => observed[at],
            false => more[at - observed.len()],
        };
        at += 1;
    }
    all
}

const MORE_FCNTLS: &[u32] =
    &[F_SETOWN as u32, F_SETOWN_EX as u32, F_SETLEASE as u32];
const WIDER_FCNTLS: &[u32] =
    &wide::<{ FCNTLS.len() + MORE_FCNTLS.len() }>(FCNTLS, MORE_FCNTLS);

pub(crate) const F_SETOWN_EX: i32 = 15; // <asm-generic/fcntl.h>

/// They give a descriptor an owner, as F_SETOWN does.
pub(crate) const OWNING: &[u32] = &[0x8901, 0x8902]; // FIOSETOWN, SIOCSPGRP
/// They change a file that was only opened to be read: its flags (twice),
/// whether it can be changed at all, how it is encrypted.
pub(crate) const CHANGING: &[u32] =
    &[0x4008_6602, 0x401c_5820, 0x4080_6685, 0x800c_6613]; // <linux/fs.h> …
const MORE_IOCTLS: &[u32] =
    &wide::<{ OWNING.len() + CHANGING.len() }>(OWNING, CHANGING);
const WIDER_IOCTLS: &[u32] =
    &wide::<{ IOCTLS.len() + MORE_IOCTLS.len() }>(IOCTLS, MORE_IOCTLS);

const MORE_PRCTLS: &[u32] = &[PR_SET_SECCOMP as u32];
const WIDER_PRCTLS: &[u32] =
    &wide::<{ PRCTLS.len() + MORE_PRCTLS.len() }>(PRCTLS, MORE_PRCTLS);

/// What of an observed call stops its caller in a contained run.
pub(crate) fn wider(row: &Row) -> Row {
    let one_of = |argument: u8, values: &'static [u32]| Test::IsOneOf {
        argument,
        mask: u32::MAX,
        values,
    };
    let test = match row.name {
        "fcntl" => one_of(1, WIDER_FCNTLS),
        "ioctl" => one_of(1, WIDER_IOCTLS),
        "prctl" => one_of(0, WIDER_PRCTLS),
        "unshare" => {
            Test::HasBit { argument: 0, bit: (CLONE_FILES | NAMESPACES) as u32 }
        }
        _ => row.test,
    };
    Row { test, ..*row }
}
