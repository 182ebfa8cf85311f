//! The system calls that are observed. aarch64 lacks the old ones (fork,
//! pipe, dup2, open …); its programs use their successors.

// A hundred names, SYS_… and their flags. (The lint is silent in tests.)
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "a hundred names of one kind")
)]
use libc::{c_long, *};

/// What is done at a call: the reader of its arguments and result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Create,
    Exec {
        path: u8,
        argv: u8,
    },
    Wait4,
    WaitId,
    Kill {
        pid: u8,
        signal: u8,
    },
    PidfdSignal,
    Mask,
    Action,
    /// alarm(2) and setitimer(2).
    Alarm,
    Open {
        path: u8,
        flags: u8,
    },
    OpenHow,
    /// It returns a descriptor that has no path.
    Descriptor,
    Close,
    CloseRange,
    Dup,
    Dup3,
    Fcntl,
    Ioctl,
    Unshare,
    /// Paths mean something else behind it.
    Elsewhere,
    Pipe,
    Socketpair,
    Read,
    Write,
    SendFile,
    Splice,
    /// copy_file_range(2) into the standard output or error.
    CopyRange,
    Lock,
    Map,
    Futex,
    Sleep,
    SignalWait,
    Poll,
    Connect,
    Sched,
    MqTransfer {
        is_send: bool,
    },
    Name {
        path: u8,
    },
    SystemV,
    Prctl,
    /// The kernel makes an interrupted call again.
    Restart,
    /// What comes of it could not be seen.
    Refused,
    /// clone3(2): it fails as on an older kernel, and every C library falls
    /// back to clone(2). What its flags in memory say another thread could
    /// change behind the observer's back.
    Clone3,
    Ptrace,
    /// No event tells of it; a plan may name it.
    Unobserved,
    /// Looked at in a contained run, and no event tells of it.
    Checked,
}

/// Which of its calls stop the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    Always,
    HasBit {
        argument: u8,
        bit: u32,
    },
    IsOneOf {
        argument: u8,
        mask: u32,
        values: &'static [u32],
    },
    /// A null pointer there only asks.
    HasPointer {
        argument: u8,
    },
    /// A time-out of zero there only asks: no event tells of that.
    Waits {
        argument: u8,
    },
    /// It changes what one of these signals does.
    ActsOn {
        signals: &'static [u32],
    },
}

/// One observed call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) number: c_long,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether its result is wanted: a second stop.
    pub(crate) wants_return: bool,
    pub(crate) test: Test,
}

const fn row(number: c_long, name: &'static str, kind: Kind) -> Row {
    Row { number, name, kind, wants_return: true, test: Test::Always }
}

const fn entry(number: c_long, name: &'static str, kind: Kind) -> Row {
    Row { number, name, kind, wants_return: false, test: Test::Always }
}

const fn tested(row: Row, test: Test) -> Row {
    Row { test, ..row }
}

#[cfg(target_arch = "x86_64")]
const NEVER: u8 = u8::MAX;
const FUTEX_COMMAND: u32 = 0x7f; // without FUTEX_PRIVATE_FLAG and CLOCK
const FUTEX_WAITS: &[u32] = &[0, 6, 9, 11, 13]; // WAIT, LOCK_PI, WAIT_BITSET …
pub(crate) const FCNTLS: &[u32] = &[
    F_DUPFD as u32,
    F_DUPFD_CLOEXEC as u32,
    F_SETFD as u32,
    F_SETPIPE_SZ as u32,
    F_SETLK as u32,
    F_SETLKW as u32,
    F_OFD_SETLK as u32,
    F_OFD_SETLKW as u32,
];
/// What a program handles by its own choice. The others would cost sixty
/// stops in each posix_spawn, which resets every signal, and tell of language
/// runtimes that catch faults.
const HANDLED: &[u32] = &[
    SIGHUP as u32,
    SIGINT as u32,
    SIGQUIT as u32,
    SIGABRT as u32,
    SIGUSR1 as u32,
    SIGUSR2 as u32,
    SIGPIPE as u32,
    SIGALRM as u32,
    SIGTERM as u32,
    SIGCHLD as u32,
    SIGCONT as u32,
    SIGTSTP as u32,
    SIGTTIN as u32,
    SIGTTOU as u32,
];
/// What an ioctl(2) does to a descriptor, or that it makes one.
pub(crate) const IOCTLS: &[u32] =
    &[FIOCLEX as u32, FIONCLEX as u32, TIOCGPTPEER as u32];
/// preadv2(2) and pwritev2(2) at the current place: a pipe takes no other.
const HERE: &[u32] = &[u32::MAX];
/// What makes a process a tracee, which those of a run are already.
const ATTACHING: &[u32] = &[PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE];
pub(crate) const PRCTLS: &[u32] = &[
    PR_SET_NAME as u32,
    PR_SET_CHILD_SUBREAPER as u32,
    PR_SET_PDEATHSIG as u32,
];

/// All observed calls; a stop carries the index of its row.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    // The most frequent first: the filter reads from the top.
    row(SYS_read, "read", Kind::Read),
    row(SYS_write, "write", Kind::Write),
    tested(row(SYS_futex, "futex", Kind::Futex),
        Test::IsOneOf { argument: 1, mask: FUTEX_COMMAND, values: FUTEX_WAITS }),
    entry(SYS_close, "close", Kind::Close),
    row(SYS_openat, "openat", Kind::Open { path: 1, flags: 2 }),
    row(SYS_wait4, "wait4", Kind::Wait4),
    row(SYS_clone, "clone", Kind::Create),
    entry(SYS_clone3, "clone3", Kind::Clone3),
    row(SYS_execve, "execve", Kind::Exec { path: 0, argv: 1 }),
    row(SYS_execveat, "execveat", Kind::Exec { path: 1, argv: 2 }),
    row(SYS_waitid, "waitid", Kind::WaitId),
    row(SYS_kill, "kill", Kind::Kill { pid: 0, signal: 1 }),
    row(SYS_tkill, "tkill", Kind::Kill { pid: 0, signal: 1 }),
    row(SYS_tgkill, "tgkill", Kind::Kill { pid: 0, signal: 2 }),
    row(SYS_rt_sigqueueinfo, "rt_sigqueueinfo", Kind::Kill { pid: 0, signal: 1 }),
    row(SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", Kind::Kill { pid: 0, signal: 2 }),
    row(SYS_pidfd_send_signal, "pidfd_send_signal", Kind::PidfdSignal),
    tested(entry(SYS_rt_sigprocmask, "rt_sigprocmask", Kind::Mask),
        Test::HasPointer { argument: 1 }),
    tested(entry(SYS_rt_sigaction, "rt_sigaction", Kind::Action),
        Test::ActsOn { signals: HANDLED }),
    // Real time: the others count a process's own, which no sleeper uses.
    tested(row(SYS_setitimer, "setitimer", Kind::Alarm),
        Test::IsOneOf { argument: 0, mask: u32::MAX, values: &[ITIMER_REAL as u32] }),
    row(SYS_openat2, "openat2", Kind::OpenHow),
    row(SYS_memfd_create, "memfd_create", Kind::Descriptor),
    row(SYS_mq_open, "mq_open", Kind::Open { path: 0, flags: 1 }),
    row(SYS_socket, "socket", Kind::Descriptor),
    row(SYS_accept, "accept", Kind::Descriptor),
    row(SYS_accept4, "accept4", Kind::Descriptor),
    row(SYS_eventfd2, "eventfd2", Kind::Descriptor),
    row(SYS_epoll_create1, "epoll_create1", Kind::Descriptor),
    row(SYS_timerfd_create, "timerfd_create", Kind::Descriptor),
    row(SYS_signalfd4, "signalfd4", Kind::Descriptor),
    row(SYS_pidfd_open, "pidfd_open", Kind::Descriptor),
    row(SYS_pidfd_getfd, "pidfd_getfd", Kind::Descriptor),
    row(SYS_inotify_init1, "inotify_init1", Kind::Descriptor),
    row(SYS_fanotify_init, "fanotify_init", Kind::Descriptor),
    row(SYS_userfaultfd, "userfaultfd", Kind::Descriptor),
    row(SYS_memfd_secret, "memfd_secret", Kind::Descriptor),
    row(SYS_open_by_handle_at, "open_by_handle_at", Kind::Descriptor),
    row(SYS_open_tree, "open_tree", Kind::Descriptor),
    row(SYS_fsopen, "fsopen", Kind::Descriptor),
    row(SYS_fspick, "fspick", Kind::Descriptor),
    row(SYS_fsmount, "fsmount", Kind::Descriptor),
    row(SYS_perf_event_open, "perf_event_open", Kind::Descriptor),
    tested(row(SYS_ioctl, "ioctl", Kind::Ioctl),
        Test::IsOneOf { argument: 1, mask: u32::MAX, values: IOCTLS }),
    tested(row(SYS_unshare, "unshare", Kind::Unshare),
        Test::HasBit { argument: 0, bit: (CLONE_FILES | CLONE_NEWNS | CLONE_NEWPID) as u32 }),
    entry(SYS_chroot, "chroot", Kind::Elsewhere),
    entry(SYS_pivot_root, "pivot_root", Kind::Elsewhere),
    entry(SYS_setns, "setns", Kind::Elsewhere),
    entry(SYS_close_range, "close_range", Kind::CloseRange),
    row(SYS_dup, "dup", Kind::Dup),
    row(SYS_dup3, "dup3", Kind::Dup3),
    tested(row(SYS_fcntl, "fcntl", Kind::Fcntl),
        Test::IsOneOf { argument: 1, mask: u32::MAX, values: FCNTLS }),
    row(SYS_pipe2, "pipe2", Kind::Pipe),
    row(SYS_socketpair, "socketpair", Kind::Socketpair),
    row(SYS_readv, "readv", Kind::Read),
    row(SYS_writev, "writev", Kind::Write),
    row(SYS_recvfrom, "recvfrom", Kind::Read),
    row(SYS_sendto, "sendto", Kind::Write),
    row(SYS_recvmsg, "recvmsg", Kind::Read),
    row(SYS_sendmsg, "sendmsg", Kind::Write),
    row(SYS_recvmmsg, "recvmmsg", Kind::Read),
    row(SYS_sendmmsg, "sendmmsg", Kind::Write),
    // pread(2) and its kin refuse a pipe, a socket and a terminal (ESPIPE).
    tested(row(SYS_preadv2, "preadv2", Kind::Read),
        Test::IsOneOf { argument: 3, mask: u32::MAX, values: HERE }),
    tested(row(SYS_pwritev2, "pwritev2", Kind::Write),
        Test::IsOneOf { argument: 3, mask: u32::MAX, values: HERE }),
    tested(row(SYS_copy_file_range, "copy_file_range", Kind::CopyRange),
        Test::IsOneOf { argument: 2, mask: u32::MAX, values: &[1, 2] }),
    row(SYS_sendfile, "sendfile", Kind::SendFile),
    row(SYS_splice, "splice", Kind::Splice),
    row(SYS_tee, "tee", Kind::Splice),
    row(SYS_vmsplice, "vmsplice", Kind::Write),
    row(SYS_flock, "flock", Kind::Lock),
    tested(row(SYS_mmap, "mmap", Kind::Map), Test::HasBit { argument: 3, bit: MAP_SHARED as u32 }),
    row(SYS_nanosleep, "nanosleep", Kind::Sleep),
    row(SYS_clock_nanosleep, "clock_nanosleep", Kind::Sleep),
    row(SYS_rt_sigsuspend, "rt_sigsuspend", Kind::SignalWait),
    row(SYS_rt_sigtimedwait, "rt_sigtimedwait", Kind::SignalWait),
    row(SYS_ppoll, "ppoll", Kind::Poll),
    row(SYS_pselect6, "pselect6", Kind::Poll),
    tested(row(SYS_epoll_pwait, "epoll_pwait", Kind::Poll), Test::Waits { argument: 3 }),
    row(SYS_epoll_pwait2, "epoll_pwait2", Kind::Poll),
    row(SYS_connect, "connect", Kind::Connect),
    row(SYS_setpriority, "setpriority", Kind::Sched),
    row(SYS_sched_setaffinity, "sched_setaffinity", Kind::Sched),
    row(SYS_sched_setscheduler, "sched_setscheduler", Kind::Sched),
    row(SYS_sched_setattr, "sched_setattr", Kind::Sched),
    row(SYS_mq_timedsend, "mq_timedsend", Kind::MqTransfer { is_send: true }),
    row(SYS_mq_timedreceive, "mq_timedreceive", Kind::MqTransfer { is_send: false }),
    row(SYS_mq_unlink, "mq_unlink", Kind::Name { path: 0 }),
    row(SYS_unlinkat, "unlinkat", Kind::Name { path: 1 }),
    // A ring would make calls that no filter sees.
    row(SYS_io_uring_setup, "io_uring_setup", Kind::Refused),
    tested(row(SYS_ptrace, "ptrace", Kind::Ptrace),
        Test::IsOneOf { argument: 0, mask: u32::MAX, values: ATTACHING }),
    row(SYS_restart_syscall, "restart_syscall", Kind::Restart),
    row(SYS_shmget, "shmget", Kind::SystemV),
    row(SYS_semget, "semget", Kind::SystemV),
    row(SYS_msgget, "msgget", Kind::SystemV),
    row(SYS_semop, "semop", Kind::SystemV),
    row(SYS_semtimedop, "semtimedop", Kind::SystemV),
    row(SYS_msgsnd, "msgsnd", Kind::SystemV),
    row(SYS_msgrcv, "msgrcv", Kind::SystemV),
    tested(entry(SYS_prctl, "prctl", Kind::Prctl),
        Test::IsOneOf { argument: 0, mask: u32::MAX, values: PRCTLS }),
    #[cfg(target_arch = "x86_64")]
    row(SYS_fork, "fork", Kind::Create),
    #[cfg(target_arch = "x86_64")]
    row(SYS_vfork, "vfork", Kind::Create),
    #[cfg(target_arch = "x86_64")]
    row(SYS_alarm, "alarm", Kind::Alarm),
    #[cfg(target_arch = "x86_64")]
    row(SYS_pipe, "pipe", Kind::Pipe),
    #[cfg(target_arch = "x86_64")]
    row(SYS_dup2, "dup2", Kind::Dup),
    #[cfg(target_arch = "x86_64")]
    row(SYS_open, "open", Kind::Open { path: 0, flags: 1 }),
    #[cfg(target_arch = "x86_64")]
    row(SYS_creat, "creat", Kind::Open { path: 0, flags: NEVER }),
    #[cfg(target_arch = "x86_64")]
    row(SYS_eventfd, "eventfd", Kind::Descriptor),
    #[cfg(target_arch = "x86_64")]
    row(SYS_signalfd, "signalfd", Kind::Descriptor),
    #[cfg(target_arch = "x86_64")]
    row(SYS_epoll_create, "epoll_create", Kind::Descriptor),
    #[cfg(target_arch = "x86_64")]
    row(SYS_inotify_init, "inotify_init", Kind::Descriptor),
    #[cfg(target_arch = "x86_64")]
    row(SYS_pause, "pause", Kind::SignalWait),
    #[cfg(target_arch = "x86_64")]
    tested(row(SYS_poll, "poll", Kind::Poll), Test::Waits { argument: 2 }),
    #[cfg(target_arch = "x86_64")]
    row(SYS_select, "select", Kind::Poll),
    #[cfg(target_arch = "x86_64")]
    tested(row(SYS_epoll_wait, "epoll_wait", Kind::Poll), Test::Waits { argument: 3 }),
    #[cfg(target_arch = "x86_64")]
    row(SYS_unlink, "unlink", Kind::Name { path: 0 }),
];
