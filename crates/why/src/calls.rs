//! The system calls in which a task can wait for somebody. What is not here
//! counts as moving.

// Sixty names, SYS_…. (The lint is silent in tests.)
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "sixty names of one kind")
)]
use libc::{c_long, *};

/// How the arguments of a call are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// Bytes from the descriptor in argument 0.
    Read,
    /// Bytes to the descriptor in argument 0.
    Write,
    /// Bytes to the pipe in argument 0, or from it: as it is open.
    Vmsplice,
    /// From the descriptor in the first of these arguments to the other.
    Copy(usize, usize),
    /// The place of the path; a folder's descriptor stands before it, if
    /// the place is not 0. The flags stand behind it.
    Open(usize),
    /// Like `Open(1)`, with the flags in a structure.
    OpenHow,
    Wait4,
    WaitId,
    /// Which argument has the flags; `None` for vfork(2) itself.
    Create(Option<usize>),
    /// clone3(2): the flags stand in a structure.
    CreateHow,
    Flock,
    Fcntl,
    Futex,
    Accept,
    Connect,
    Receive,
    /// Receives many; the time limit is in argument 4.
    ReceiveMany,
    Send,
    /// The time limit is in argument 4, for all of these four.
    QueueSend,
    QueueReceive,
    /// semop(2), and whether argument 3 may have a time limit.
    SemaphoreOf {
        is_timed: bool,
    },
    MessageSend,
    MessageReceive,
    /// Until a signal handler has run.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(
            dead_code,
            reason = "elsewhere pause(2) is a ppoll(2) of nothing"
        )
    )]
    Pause,
    SigSuspend,
    SigWait,
    /// Milliseconds in argument 2.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "elsewhere poll(2) is a ppoll(2)")
    )]
    Poll,
    /// A time limit in argument 2, a mask in argument 3.
    PollMasked,
    /// A time limit in argument 4; a mask in argument 5, if it has one.
    Select {
        is_masked: bool,
    },
    /// Milliseconds in argument 3; a mask in argument 4, if it has one.
    Epoll {
        is_masked: bool,
    },
    /// A time limit in argument 3, a mask in argument 4.
    EpollTimed,
    Sleep,
}

/// A call's name and form.
pub(crate) fn form(number: i64) -> Option<(&'static str, Form)> {
    let all = COMMON.iter().chain(OLD);
    let found = all.into_iter().find(|row| row.0 == number);
    found.map(|row| (row.1, row.2))
}

type Row = (c_long, &'static str, Form);

const COMMON: &[Row] = &[
    (SYS_read, "read", Form::Read),
    (SYS_readv, "readv", Form::Read),
    (SYS_preadv2, "preadv2", Form::Read),
    (SYS_write, "write", Form::Write),
    (SYS_writev, "writev", Form::Write),
    (SYS_pwritev2, "pwritev2", Form::Write),
    (SYS_vmsplice, "vmsplice", Form::Vmsplice),
    (SYS_splice, "splice", Form::Copy(0, 2)),
    (SYS_tee, "tee", Form::Copy(0, 1)),
    (SYS_sendfile, "sendfile", Form::Copy(1, 0)),
    (SYS_openat, "openat", Form::Open(1)),
    (SYS_openat2, "openat2", Form::OpenHow),
    (SYS_wait4, "wait4", Form::Wait4),
    (SYS_waitid, "waitid", Form::WaitId),
    (SYS_clone, "clone", Form::Create(Some(0))),
    (SYS_clone3, "clone3", Form::CreateHow),
    (SYS_flock, "flock", Form::Flock),
    (SYS_fcntl, "fcntl", Form::Fcntl),
    (SYS_futex, "futex", Form::Futex),
    (SYS_accept, "accept", Form::Accept),
    (SYS_accept4, "accept4", Form::Accept),
    (SYS_connect, "connect", Form::Connect),
    (SYS_recvfrom, "recvfrom", Form::Receive),
    (SYS_recvmsg, "recvmsg", Form::Receive),
    (SYS_recvmmsg, "recvmmsg", Form::ReceiveMany),
    (SYS_sendto, "sendto", Form::Send),
    (SYS_sendmsg, "sendmsg", Form::Send),
    (SYS_sendmmsg, "sendmmsg", Form::Send),
    (SYS_mq_timedsend, "mq_timedsend", Form::QueueSend),
    (SYS_mq_timedreceive, "mq_timedreceive", Form::QueueReceive),
    (SYS_semop, "semop", Form::SemaphoreOf { is_timed: false }),
    (SYS_semtimedop, "semtimedop", Form::SemaphoreOf { is_timed: true }),
    (SYS_msgsnd, "msgsnd", Form::MessageSend),
    (SYS_msgrcv, "msgrcv", Form::MessageReceive),
    (SYS_rt_sigsuspend, "rt_sigsuspend", Form::SigSuspend),
    (SYS_rt_sigtimedwait, "rt_sigtimedwait", Form::SigWait),
    (SYS_ppoll, "ppoll", Form::PollMasked),
    (SYS_pselect6, "pselect6", Form::Select { is_masked: true }),
    (SYS_epoll_pwait, "epoll_pwait", Form::Epoll { is_masked: true }),
    (SYS_epoll_pwait2, "epoll_pwait2", Form::EpollTimed),
    (SYS_nanosleep, "nanosleep", Form::Sleep),
    (SYS_clock_nanosleep, "clock_nanosleep", Form::Sleep),
    (SYS_restart_syscall, "restart_syscall", Form::Sleep),
];

#[cfg(target_arch = "x86_64")]
const OLD: &[Row] = &[
    (SYS_open, "open", Form::Open(0)),
    (SYS_creat, "creat", Form::Open(0)),
    (SYS_vfork, "vfork", Form::Create(None)),
    (SYS_pause, "pause", Form::Pause),
    (SYS_poll, "poll", Form::Poll),
    (SYS_select, "select", Form::Select { is_masked: false }),
    (SYS_epoll_wait, "epoll_wait", Form::Epoll { is_masked: false }),
];

#[cfg(not(target_arch = "x86_64"))]
const OLD: &[Row] = &[];

#[cfg(test)]
mod tests {
    use super::{COMMON, Form, OLD, form};
    use std::collections::HashSet;

    #[test]
    fn every_call_stands_once() {
        let numbers: HashSet<i64> =
            COMMON.iter().chain(OLD).map(|row| row.0).collect();
        assert_eq!(numbers.len(), COMMON.len() + OLD.len());
        assert_eq!(form(libc::SYS_wait4), Some(("wait4", Form::Wait4)));
        assert_eq!(form(libc::SYS_io_uring_enter), None);
    }
}
