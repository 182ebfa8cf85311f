//! What a run may use before the keeper ends it.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use libc::{c_int, c_void};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction,
};
use trace::Ending;

use crate::weight::LOOK;

/// The ceilings of a run; `None` is no ceiling.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ceilings {
    /// Wall time.
    pub wall: Option<Duration>,
    /// Processes created over the whole run, the first included.
    pub processes: Option<usize>,
    /// Threads at one time, the first of each process included.
    pub threads: Option<usize>,
    /// Bytes of memory of all its processes at one time. Looked at now and
    /// then, at level full only, as is the next.
    pub memory: Option<u64>,
    /// CPU time of all its processes.
    pub cpu: Option<Duration>,
    /// Bytes written to what the run's standard output and error name, by
    /// whatever descriptor and whatever call but pwrite(2) and its kin, which
    /// only files take. It needs level full: at level light nobody sees a
    /// write(2), and a run that asks for both is refused.
    pub output: Option<u64>,
    /// Open descriptors of all its processes at one time. Looked at as
    /// memory is, and so is the next.
    pub descriptors: Option<u64>,
    /// Bytes of files that its processes hold open and that have no name any
    /// more: no look into a folder finds them.
    pub removed: Option<u64>,
}

/// Why a keeper ended a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// It ran too long.
    Wall,
    /// It created too many processes.
    Processes,
    /// It had too many threads.
    Threads,
    /// Its processes used too much memory.
    Memory,
    /// Its processes used too much CPU time.
    Cpu,
    /// It printed too much.
    Output,
    /// Its processes had too many descriptors open.
    Descriptors,
    /// Its processes held too much in removed files.
    Removed,
    /// The keeper itself was told to end, by this signal.
    Asked(i32),
    /// It did not: the first process died of the terminal's SIGINT.
    Interrupted,
    /// Nobody reads the trace any more.
    NoReader,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wall => f.write_str("it ran longer than allowed"),
            Self::Processes => {
                f.write_str("it created more processes than allowed")
            }
            Self::Threads => f.write_str("it had more threads than allowed"),
            Self::Memory => f.write_str("it used more memory than allowed"),
            Self::Cpu => f.write_str("it used more CPU time than allowed"),
            Self::Output => f.write_str("it printed more than allowed"),
            Self::Descriptors => {
                f.write_str("it had more descriptors open than allowed")
            }
            Self::Removed => {
                f.write_str("it kept more in removed files than allowed")
            }
            Self::Asked(signal) => {
                write!(f, "{} came", crate::names::signal(*signal))
            }
            Self::Interrupted => {
                f.write_str("its first process died of SIGINT")
            }
            Self::NoReader => f.write_str("nobody reads the trace"),
        }
    }
}

impl Ceilings {
    /// As a keeper is told them; zero is none.
    pub(crate) fn texts(&self) -> [String; 8] {
        let millis =
            |time: Option<Duration>| time.map(|it| it.as_millis() as u64);
        let count = |limit: Option<usize>| limit.map(|limit| limit as u64);
        [
            millis(self.wall),
            millis(self.cpu),
            self.memory,
            count(self.processes),
            count(self.threads),
            self.output,
            self.descriptors,
            self.removed,
        ]
        .map(|value| value.unwrap_or(0).to_string())
    }

    /// In the order of [`Self::texts`].
    pub(crate) fn of_texts(
        [wall, cpu, memory, processes, threads, output, descriptors, removed]: [Option<u64>; 8],
    ) -> Self {
        let count = |limit: Option<u64>| limit.map(|limit| limit as usize);
        Self {
            wall: wall.map(Duration::from_millis),
            cpu: cpu.map(Duration::from_millis),
            memory,
            processes: count(processes),
            threads: count(threads),
            output,
            descriptors,
            removed,
        }
    }

    /// Whether something has a ceiling that is only found by looking.
    pub(crate) fn are_weighed(&self) -> bool {
        let others = [self.memory, self.descriptors, self.removed];
        self.cpu.is_some() || others.iter().any(Option::is_some)
    }

    /// How often the keeper looks at the run, whatever happens in it.
    fn looks(&self) -> Option<Duration> {
        self.are_weighed().then_some(LOOK)
    }

    pub(crate) fn has_output(&self) -> bool {
        self.output.is_some()
    }

    pub(crate) fn reached(
        &self,
        begun: Instant,
        processes: usize,
        threads: usize,
        written: u64,
    ) -> Option<Reason> {
        let is_above = |limit: Option<u64>, value| {
            limit.is_some_and(|limit| value > limit)
        };
        match ASKED.load(Relaxed) {
            0 => {}
            NOBODY_READS => return Some(Reason::NoReader),
            signal => return Some(Reason::Asked(signal)),
        }
        if self.wall.is_some_and(|limit| begun.elapsed() >= limit) {
            Some(Reason::Wall)
        } else if self.processes.is_some_and(|limit| processes > limit) {
            Some(Reason::Processes)
        } else if self.threads.is_some_and(|limit| threads > limit) {
            Some(Reason::Threads)
        } else if is_above(self.output, written) {
            Some(Reason::Output)
        } else {
            None
        }
    }
}

/// The signal that asked the keeper to end; [`NOBODY_READS`].
static ASKED: AtomicI32 = AtomicI32::new(0);
static INTERRUPTS: AtomicI32 = AtomicI32::new(0);
static TRACE: AtomicI32 = AtomicI32::new(-1);
const NOBODY_READS: c_int = -1;

/// How often wait4(2) is interrupted once the run is to be ended: a signal
/// may come just before the call, which would then not notice.
const TICK: Duration = Duration::from_millis(10);

/// How long a reader may take for the rest of the trace of an ended run.
const GRACE: Duration = Duration::from_secs(2);

extern "C" fn on_signal(
    signal: c_int,
    info: *mut libc::siginfo_t,
    _: *mut c_void,
) {
    // SAFETY: SA_SIGINFO makes the kernel pass it.
    let info = unsafe { &*info };
    match signal {
        libc::SIGALRM => return,
        // By `signals::tell`: the value is the signal that came there.
        libc::SIGTERM if info.si_code == libc::SI_QUEUE => {
            // SAFETY: with this code the value is part of the union in use.
            let because = unsafe { info.si_value() }.sival_ptr.addr();
            ASKED.store(because as c_int, Relaxed);
        }
        // The first Ctrl-C reaches the observed program too, which may handle
        // it; a second one is meant for the keeper.
        libc::SIGINT if INTERRUPTS.fetch_add(1, Relaxed) == 0 => return,
        // The reader has read, or has closed its end.
        libc::SIGIO if !nobody_reads() => return,
        libc::SIGIO => ASKED.store(NOBODY_READS, Relaxed),
        _ => ASKED.store(signal, Relaxed),
    }
    tick(TICK, TICK);
}

/// Why the run is over, if its first process died of the first interrupt.
pub(crate) fn interrupted(first: Option<&Ending>) -> Option<Reason> {
    let of_it = |signal: &str| signal == Signal::SIGINT.as_str();
    let is_dead =
        matches!(first, Some(Ending::Signal { signal }) if of_it(signal));
    (is_dead && INTERRUPTS.load(Relaxed) > 0).then_some(Reason::Interrupted)
}

/// The signal that asked this process to end.
pub(crate) fn asked() -> Option<i32> {
    Some(ASKED.load(Relaxed)).filter(|signal| *signal > 0)
}

fn nobody_reads() -> bool {
    let fd = TRACE.load(Relaxed);
    let mut poll = libc::pollfd { fd, events: 0, revents: 0 };
    // SAFETY: one structure, which lives over the call; poll(2) may be called
    // in a handler.
    let count = unsafe { libc::poll(&raw mut poll, 1, 0) };
    count > 0 && poll.revents & libc::POLLERR != 0
}

/// Sends SIGALRM after that time, and then again and again.
fn tick(after: Duration, again: Duration) {
    let part = |time: Duration| libc::timeval {
        tv_sec: time.as_secs() as libc::time_t,
        tv_usec: time.subsec_micros() as libc::suseconds_t,
    };
    // A time of zero would be no timer at all.
    let after = part(after.max(Duration::from_micros(1)));
    let timer = libc::itimerval { it_interval: part(again), it_value: after };
    // SAFETY: the old timer is not asked for; a plain system call, which may
    // be made in a handler.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, ptr::null_mut()) };
}

/// Makes signals, the end of the wall time and the end of the trace's reader
/// interrupt wait4(2).
fn watch(
    wall: Option<Duration>,
    look: Option<Duration>,
    trace: BorrowedFd<'_>,
) -> Result<(), Errno> {
    let handler = SigHandler::SigAction(on_signal);
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGALRM,
        Signal::SIGIO,
    ] {
        // SAFETY: the handler touches atomics and makes system calls only.
        let before = unsafe { sigaction(signal, &action) }?;
        // nohup(1) and its like: the keeper and the program ignore it too.
        let is_own = matches!(signal, Signal::SIGALRM | Signal::SIGIO);
        if !is_own && matches!(before.handler(), SigHandler::SigIgn) {
            // SAFETY: no handler is installed.
            unsafe { sigaction(signal, &before) }?;
        }
    }
    TRACE.store(trace.as_raw_fd(), Relaxed);
    fcntl(trace, FcntlArg::F_SETFL(OFlag::O_ASYNC))?;
    let own = std::process::id() as c_int;
    // SAFETY: the argument is a number.
    let result = unsafe { libc::fcntl(trace.as_raw_fd(), libc::F_SETOWN, own) };
    Errno::result(result)?;
    if nobody_reads() {
        ASKED.store(NOBODY_READS, Relaxed); // before the lines above
        tick(TICK, TICK);
        return Ok(());
    }
    match (wall, look) {
        (Some(wall), Some(look)) => tick(wall.min(look), look),
        (Some(wall), None) => tick(wall, TICK),
        (None, Some(look)) => tick(look, look),
        (None, None) => {}
    }
    Ok(())
}

/// The keeper's end of the trace's pipe. A reader that does not read cannot
/// keep an ended run waiting.
#[derive(Debug)]
pub(crate) struct TraceEnd {
    to: File,
    /// When the run has to be over.
    end: Option<Instant>,
    look: Option<Duration>,
}

impl TraceEnd {
    pub(crate) fn new(to: OwnedFd, ceilings: &Ceilings) -> Self {
        let end = ceilings.wall.map(|wall| Instant::now() + wall);
        Self { to: to.into(), end, look: ceilings.looks() }
    }

    /// Makes signals, the end of the wall time and the end of the trace's
    /// reader interrupt what this process waits for.
    pub(crate) fn watch(&self) -> Result<(), Errno> {
        let now = Instant::now();
        let left = self.end.map(|it| it.duration_since(now));
        watch(left, self.look, self.to.as_fd())
    }
}

impl Write for TraceEnd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.to.write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
            let now = Instant::now();
            if ASKED.load(Relaxed) != 0 && self.end.is_none_or(|it| it > now) {
                self.end = Some(now);
            }
            if self.end.is_some_and(|end| end + GRACE < now) {
                return Err(io::Error::other("nobody reads the trace"));
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
