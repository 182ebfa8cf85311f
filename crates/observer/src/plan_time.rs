//! Waits with a time-out, and the keeper's own clock.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SigEvent, SigevNotify, Signal};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::{ClockId, clock_gettime};

use crate::pending::PendingCall;
use crate::ptrace::{Tid, read_words, write_memory};
use crate::table::Kind;

const NANOS: i64 = 1_000_000_000;

/// Interrupts wait4(2) while somebody is held, so that the keeper looks
/// whether the others still move: only a bound, nothing ends by it.
///
/// When many looks have changed nothing, somebody computes: then it is
/// slower.
#[derive(Debug)]
pub(crate) struct Tick {
    timer: Timer,
    pause: Duration,
    looks: u32,
}

impl Tick {
    pub(crate) fn new() -> Result<Self, Errno> {
        let event = SigEvent::new(SigevNotify::SigevSignal {
            signal: Signal::SIGALRM,
            si_value: 0,
        });
        let timer = Timer::new(ClockId::CLOCK_MONOTONIC, event)?;
        Ok(Self { timer, pause: Duration::ZERO, looks: 0 })
    }

    /// Somebody was let go: what follows is soon.
    pub(crate) fn hasten(&mut self) {
        self.looks = 0;
    }

    pub(crate) fn turn(&mut self, on: bool) {
        self.looks = if on { self.looks.saturating_add(1) } else { 0 };
        let pause = Duration::from_micros(match self.looks {
            0 => 0,
            1..=32 => 500,
            _ => 5000,
        });
        if self.pause != pause {
            let interval = TimeSpec::from_duration(pause);
            let expiration = Expiration::Interval(interval);
            let flags = TimerSetTimeFlags::empty();
            if self.timer.set(expiration, flags).is_ok() {
                self.pause = pause;
            }
        }
    }
}

/// How long the call that began `waited_us` ago will wait on, in
/// nanoseconds; `None` if it has no time-out.
pub(crate) fn time_left(
    tid: Tid,
    call: &PendingCall,
    waited_us: u64,
) -> Option<i64> {
    let arguments = call.arguments;
    let waited = waited_us as i64 * 1000;
    let millis = |value: u64| {
        let millis = i64::from(value as i32);
        (millis >= 0).then_some(millis * 1_000_000 - waited)
    };
    let relative =
        |at: u64| Some(read_time(tid, at, 1)?.saturating_sub(waited));
    let absolute = |clock, at: u64| {
        Some(read_time(tid, at, 1)?.saturating_sub(now(clock)))
    };
    match call.row.name {
        "nanosleep" => relative(arguments[0]),
        "clock_nanosleep" if arguments[1] as i32 & libc::TIMER_ABSTIME != 0 => {
            let clock = ClockId::from_raw(arguments[0] as i32);
            absolute(clock, arguments[2])
        }
        "clock_nanosleep" => relative(arguments[2]),
        "poll" => millis(arguments[2]),
        "epoll_wait" | "epoll_pwait" => millis(arguments[3]),
        "ppoll" | "rt_sigtimedwait" => relative(arguments[2]),
        "select" => {
            Some(read_time(tid, arguments[4], 1000)?.saturating_sub(waited))
        }
        "pselect6" => relative(arguments[4]),
        "epoll_pwait2" | "semtimedop" => relative(arguments[3]),
        "mq_timedsend" | "mq_timedreceive" => {
            absolute(ClockId::CLOCK_REALTIME, arguments[4])
        }
        "futex" if arguments[1] as i32 & 0x7f == libc::FUTEX_WAIT => {
            relative(arguments[3])
        }
        "futex" => absolute(clock_of(arguments[1] as i32), arguments[3]),
        _ => None,
    }
}

/// Which clock an absolute time of futex(2) is read on.
fn clock_of(operation: i32) -> ClockId {
    let is_real = operation & libc::FUTEX_CLOCK_REALTIME != 0
        || operation & 0x7f == libc::FUTEX_LOCK_PI;
    if is_real { ClockId::CLOCK_REALTIME } else { ClockId::CLOCK_MONOTONIC }
}

/// What the call returns when its time is over.
pub(crate) fn timed_out(call: &PendingCall) -> i64 {
    match call.row.kind {
        Kind::Futex | Kind::MqTransfer { .. } => -i64::from(libc::ETIMEDOUT),
        Kind::SignalWait | Kind::SystemV => -i64::from(libc::EAGAIN),
        _ => 0, // poll and its like, and sleeps
    }
}

/// select(2) that timed out has emptied its sets, and its time is used up;
/// one that was interrupted has not.
pub(crate) fn forget_sets(tid: Tid, call: &PendingCall) {
    if !matches!(call.row.name, "select" | "pselect6") {
        return;
    }
    let [count, sets @ .., time, _] = call.arguments;
    let words = (count.min(1024) as usize).div_ceil(64);
    let nothing = [0; 128];
    for set in sets.into_iter().filter(|set| *set != 0) {
        write_memory(tid, set, &nothing[..words * 8]);
    }
    write_memory(tid, time, &nothing[..16]);
}

/// The descriptors from which the call waits to read (not those of an
/// epoll, which no memory of the program names).
pub(crate) fn awaited(tid: Tid, call: &PendingCall) -> Vec<i32> {
    const MOST: u64 = 1024;
    let [first, second, ..] = call.arguments;
    match (call.row.kind, call.row.name) {
        (Kind::Read, _) => vec![first as i32],
        (Kind::Poll, "poll" | "ppoll") => (0..second.min(MOST))
            .map(|place| {
                // struct pollfd: the descriptor stands in the low half.
                let [entry] = read_words(tid, first.wrapping_add(8 * place));
                entry as i32
            })
            .collect(),
        (Kind::Poll, "select" | "pselect6") => (0..first.min(MOST))
            .filter(|fd| {
                let at = second.wrapping_add(fd / 64 * 8);
                let [word] = read_words(tid, if second == 0 { 0 } else { at });
                word >> (fd % 64) & 1 == 1
            })
            .map(|fd| fd as i32)
            .collect(),
        _ => Vec::new(),
    }
}

/// A timespec (or, with 1000 nanoseconds a unit, a timeval).
fn read_time(tid: Tid, at: u64, unit: i64) -> Option<i64> {
    if at == 0 {
        return None;
    }
    let [seconds, parts] = read_words(tid, at);
    let seconds = (seconds as i64).saturating_mul(NANOS);
    Some(seconds.saturating_add((parts as i64).saturating_mul(unit)))
}

fn now(clock: ClockId) -> i64 {
    let time = clock_gettime(clock).unwrap_or(TimeSpec::new(0, 0));
    time.tv_sec() * NANOS + time.tv_nsec()
}
