//! Where a signal comes from: a process, or the kernel, and why.

use std::mem::MaybeUninit;

use nix::time::{ClockId, clock_gettime};

use crate::ptrace::{Tid, signal_info};

/// What the kernel tells with a signal (sigaction(2), `siginfo_t`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    signal: i32,
    code: i32,
    /// A pid, where `code` says that there is one.
    pid: i32,
}

impl Sent {
    /// The signal that is about to be delivered.
    pub(crate) fn of(tid: Tid) -> Option<Self> {
        let info = signal_info(tid).ok()?;
        // SAFETY: all bytes of it are set, and every bit pattern is a number;
        // whether it is a pid the code says.
        let pid = unsafe { info.si_pid() };
        Some(Self { signal: info.si_signo, code: info.si_code, pid })
    }

    /// The process that has sent it, in the receiver's own namespace.
    pub(crate) fn sender(self) -> Option<i32> {
        let by_process =
            [libc::SI_USER, libc::SI_QUEUE, libc::SI_TKILL, libc::SI_MESGQ];
        by_process.contains(&self.code).then_some(self.pid)
    }

    /// The child of whose state it may tell.
    pub(crate) fn child(self) -> Option<i32> {
        let is_state =
            (libc::CLD_EXITED..=libc::CLD_CONTINUED).contains(&self.code);
        is_state.then_some(self.pid)
    }

    /// Whether the kernel sends it in the name of the process that it is for:
    /// because of that one's own write.
    pub(crate) fn is_for_own_write(self) -> bool {
        self.code == libc::SI_USER
            && [libc::SIGPIPE, libc::SIGXFSZ].contains(&self.signal)
    }

    /// The name of the code. What numbers above 0 mean depends on the signal,
    /// or on who chose it.
    pub(crate) fn code(self, is_of_child: bool) -> String {
        let codes: &[&str] = match (self.code, self.signal) {
            (libc::SI_USER, _) => return "SI_USER".to_owned(),
            (libc::SI_QUEUE, _) => return "SI_QUEUE".to_owned(),
            (libc::SI_TKILL, _) => return "SI_TKILL".to_owned(),
            (libc::SI_MESGQ, _) => return "SI_MESGQ".to_owned(),
            (libc::SI_TIMER, _) => return "SI_TIMER".to_owned(),
            (libc::SI_ASYNCIO, _) => return "SI_ASYNCIO".to_owned(),
            (libc::SI_SIGIO, _) => return "SI_SIGIO".to_owned(),
            (libc::SI_KERNEL, _) => return "SI_KERNEL".to_owned(),
            (_, libc::SIGSEGV) => &["SEGV_MAPERR", "SEGV_ACCERR"],
            (_, libc::SIGBUS) => &["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR"],
            (_, libc::SIGILL) => &["ILL_ILLOPC", "ILL_ILLOPN"],
            (_, libc::SIGFPE) => &["FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV"],
            (_, libc::SIGTRAP) => &["TRAP_BRKPT", "TRAP_TRACE"],
            (_, libc::SIGSYS) => &["SYS_SECCOMP"],
            _ if is_of_child => &[
                "CLD_EXITED",
                "CLD_KILLED",
                "CLD_DUMPED",
                "CLD_TRAPPED",
                "CLD_STOPPED",
                "CLD_CONTINUED",
            ],
            _ => &[
                "POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI",
                "POLL_HUP",
            ],
        };
        let place = usize::try_from(self.code).unwrap_or(0).wrapping_sub(1);
        let name = codes.get(place).map(|name| (*name).to_owned());
        name.unwrap_or_else(|| format!("si_code {}", self.code))
    }
}

/// Whether a process that stands at its end has used all the CPU time that it
/// may (`RLIMIT_CPU`, the hard limit): the kernel sends SIGKILL then, of which
/// no tracer hears.
pub(crate) fn is_out_of_cpu_time(pid: i32) -> bool {
    let mut limit = MaybeUninit::<libc::rlimit64>::zeroed();
    let resource = libc::RLIMIT_CPU;
    // SAFETY: the limit is memory of this function; nothing is changed.
    let result = unsafe {
        libc::prlimit64(pid, resource, std::ptr::null(), limit.as_mut_ptr())
    };
    // SAFETY: zeroed, and filled by the kernel; plain integers.
    let limit = unsafe { limit.assume_init() };
    result == 0
        && limit.rlim_max != libc::RLIM64_INFINITY
        && counted(pid).is_some_and(|it| it >= limit.rlim_max)
}

/// Whole seconds of CPU time as the kernel compares them with the limit: by
/// its ticks. What /proc and wait4(2) tell of is scaled, and may be less.
fn counted(pid: i32) -> Option<u64> {
    // CPUCLOCK_PROF of <linux/posix-timers_types.h>, of that process.
    let clock = ClockId::from_raw(!pid << 3);
    u64::try_from(clock_gettime(clock).ok()?.tv_sec()).ok()
}
