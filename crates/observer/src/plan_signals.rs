//! Which calls a signal could have interrupted.

use std::collections::BTreeMap;
use std::fs;

use crate::descriptors::Descriptor;
use crate::pending::PendingCall;
use crate::plan_calls::is_pause;
use crate::ptrace::{Tid, read_words};
use crate::table::Kind;

/// Which signals a process handles with a function of its own: where the
/// function stands, and whether `SA_RESTART` is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers(BTreeMap<i32, (u64, bool)>);

/// Signals that come from the program's own doing, and the C library's own:
/// no stranger interrupts a call by them.
const NOT_SENT: [i32; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    32,
    33,
];

/// Signals whose handlers often end the program instead of returning: that
/// one of them interrupts a call which is then made again is for a plan to
/// say that knows the program.
const ENDING: [i32; 8] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGABRT,
    libc::SIGPIPE,
    libc::SIGTERM,
    libc::SIGXCPU,
    libc::SIGXFSZ,
];

impl Handlers {
    /// Only those that can be expected to return; a function that handles
    /// one of the others too is not.
    pub(crate) fn without_ending(mut self) -> Self {
        let ending: Vec<u64> = ENDING
            .iter()
            .filter_map(|signal| Some(self.0.get(signal)?.0))
            .collect();
        self.0.retain(|_, (function, _)| !ending.contains(function));
        self
    }

    /// Reads a call of rt_sigaction(2).
    pub(crate) fn note(&mut self, tid: Tid, call: &PendingCall) {
        let [signal, action, ..] = call.arguments;
        let signal = signal as i32;
        if call.row.kind != Kind::Action
            || action == 0
            || NOT_SENT.contains(&signal)
            || !(1..=64).contains(&signal)
        {
            return;
        }
        let [function, flags] = read_words(tid, action);
        if [libc::SIG_DFL, libc::SIG_IGN].contains(&(function as usize)) {
            self.0.remove(&signal);
        } else {
            let restarts = flags & libc::SA_RESTART as u64 != 0;
            self.0.insert(signal, (function, restarts));
        }
    }

    /// Whether one that is not blocked interrupts a call; `in_any_case`, if
    /// the call is one that `SA_RESTART` does not concern.
    fn may_interrupt(&self, tid: Tid, in_any_case: bool) -> bool {
        let blocked = blocked_signals(tid);
        self.0.iter().any(|(signal, (_, restarts))| {
            blocked >> (signal - 1) & 1 == 0 && (in_any_case || !restarts)
        })
    }
}

/// Whether this call could have returned `EINTR` without having done
/// anything (signal(7)): it may block, and either a handler is installed
/// that interrupts it and is not blocked, or a stop and a continuation do.
pub(crate) fn can_interrupt(
    tid: Tid,
    call: &PendingCall,
    object: Option<&Descriptor>,
    handlers: &Handlers,
) -> bool {
    if !may_block(tid, call, object) {
        return false;
    }
    let stops_suffice = matches!(
        call.row.name,
        "epoll_wait"
            | "epoll_pwait"
            | "epoll_pwait2"
            | "semop"
            | "semtimedop"
            | "rt_sigtimedwait"
    );
    // Whatever SA_RESTART says.
    let is_never_restarted = stops_suffice
        || matches!(call.row.kind, Kind::Poll | Kind::Sleep)
        || matches!(call.row.name, "msgrcv" | "msgsnd");
    stops_suffice || handlers.may_interrupt(tid, is_never_restarted)
}

fn may_block(
    tid: Tid,
    call: &PendingCall,
    object: Option<&Descriptor>,
) -> bool {
    let arguments = call.arguments;
    let is_channel = object.is_some_and(|it| {
        (it.is_channel() || it.is_terminal())
            && !is_nonblocking(tid, arguments[0] as i32)
    });
    let has = |place: usize, flag: i32| arguments[place] as i32 & flag != 0;
    match call.row.kind {
        Kind::Read => is_channel,
        // A shorter write waits for room only where the reader is late: the
        // kernel might not have blocked here under any schedule.
        Kind::Write => is_channel && arguments[2] > PIPE_ROOM,
        Kind::Wait4 => !has(2, libc::WNOHANG),
        Kind::WaitId => !has(3, libc::WNOHANG),
        Kind::Lock => !has(1, libc::LOCK_NB),
        Kind::Fcntl => {
            matches!(arguments[1] as i32, libc::F_SETLKW | libc::F_OFD_SETLKW)
        }
        Kind::Futex | Kind::Sleep => true,
        Kind::Poll => !is_pause(call) && !returns_at_once(tid, call),
        Kind::Descriptor => {
            call.row.name.starts_with("accept")
                && !is_nonblocking(tid, arguments[0] as i32)
        }
        Kind::MqTransfer { .. } => !is_nonblocking(tid, arguments[0] as i32),
        Kind::SystemV => !call.row.name.ends_with("get"),
        // pause and sigsuspend return only when a handler has run; connect
        // goes on behind the interruption, which cannot be imitated.
        Kind::SignalWait => call.row.name == "rt_sigtimedwait",
        _ => false,
    }
}

const PIPE_ROOM: u64 = 65536; // pipe(7), "Pipe capacity"

fn returns_at_once(tid: Tid, call: &PendingCall) -> bool {
    crate::plan_time::time_left(tid, call, 0).is_some_and(|left| left <= 0)
}

fn is_nonblocking(tid: Tid, fd: i32) -> bool {
    crate::descriptors::flags_of(tid, fd) & libc::O_NONBLOCK != 0
}

/// `SigBlk:` of proc_pid_status(5).
fn blocked_signals(tid: Tid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{tid}/status"));
    status
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("SigBlk:"))
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or(0)
}
