//! Signals while a run is observed.
//!
//! Ctrl-C reaches the program, its keeper and whoever asked for the
//! observation at once: they are one foreground process group. The first is
//! the program's: it may handle it, and the others live to tell what it did.
//! The second ends the run.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::{mem, ptr};

use libc::c_int;
use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction,
    sigprocmask,
};
use nix::unistd::setsid;

use crate::closed;

/// What would end the program that observes.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// How many runs at once are told of a signal.
const RUNS: usize = 256;

/// The keepers of the runs under way; 0 is a free place.
static KEEPERS: [AtomicI32; RUNS] = [const { AtomicI32::new(0) }; RUNS];
static INTERRUPTS: AtomicI32 = AtomicI32::new(0);
/// The signal that ends the runs under way, and those begun meanwhile.
static ASKED: AtomicI32 = AtomicI32::new(0);

/// The runs under way, and what signals did before the first.
static WATCH: Mutex<(usize, Vec<(Signal, SigAction)>)> =
    Mutex::new((0, Vec::new()));

extern "C" fn on_signal(signal: c_int) {
    if signal == libc::SIGINT && INTERRUPTS.fetch_add(1, Relaxed) == 0 {
        return;
    }
    ASKED.store(signal, Relaxed);
    for keeper in &KEEPERS {
        tell(keeper.load(Relaxed), signal);
    }
}

/// Tells a keeper to end its run, because of that signal. Queued, so that it
/// differs from a signal of the terminal, with which it could become one.
pub(crate) fn tell(keeper: c_int, because: c_int) {
    let sival_ptr = ptr::without_provenance_mut(because as usize);
    if keeper > 0 {
        let value = libc::sigval { sival_ptr };
        // SAFETY: a plain system call, which may be made in a handler.
        unsafe { libc::sigqueue(keeper, libc::SIGTERM, value) };
    }
}

/// As long as it lives, signals do not end this process: they reach the
/// keepers. What the caller handles or ignores stays as it is.
#[derive(Debug)]
pub(crate) struct Forwarding {
    place: Option<usize>,
}

impl Forwarding {
    pub(crate) fn new() -> Self {
        let mut watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
        let (runs, before) = &mut *watch;
        *runs += 1;
        if *runs == 1 {
            INTERRUPTS.store(0, Relaxed);
            ASKED.store(0, Relaxed);
            *before = ENDING.into_iter().filter_map(catch).collect();
            before.extend(hear_of_children());
        }
        Self { place: None }
    }

    /// Whether this process ignored `SIGCHLD`, which its program shall find.
    pub(crate) fn ignored_children(&self) -> bool {
        let watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
        watch.1.iter().any(|(signal, _)| *signal == Signal::SIGCHLD)
    }

    /// The keeper is there: it hears what came before, too.
    pub(crate) fn reach(&mut self, keeper: c_int) {
        let is_free = |place: &AtomicI32| {
            place.compare_exchange(0, keeper, Relaxed, Relaxed).is_ok()
        };
        self.place = KEEPERS.iter().position(is_free);
        match ASKED.load(Relaxed) {
            0 => {}
            signal => tell(keeper, signal),
        }
    }

    /// The keeper is about to be reaped: its pid may be used again.
    pub(crate) fn forget(&mut self) {
        if let Some(place) = self.place.take() {
            KEEPERS[place].store(0, Relaxed);
        }
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.forget();
        let mut watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
        let (runs, before) = &mut *watch;
        *runs -= 1;
        if *runs == 0 {
            for (signal, action) in mem::take(before) {
                // SAFETY: it is what was there before.
                unsafe { sigaction(signal, &action) }.ok();
            }
        }
    }
}

/// Handles a signal that would end this process; what it did before.
fn catch(signal: Signal) -> Option<(Signal, SigAction)> {
    let handler = SigHandler::Handler(on_signal);
    let ours = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    if disposition(signal).ok()? != libc::SIG_DFL {
        return None;
    }
    // SAFETY: the handler touches atomics and makes system calls only.
    let before = unsafe { sigaction(signal, &ours) }.ok()?;
    Some((signal, before))
}

extern "C" fn do_nothing(_: c_int) {}

/// From here on a write above the limit on file size fails, and does not end
/// this process. A handler, and not `SIG_IGN`: execve(2) takes it back.
pub(crate) fn outlive_file_limit() {
    if disposition(Signal::SIGXFSZ) == Ok(libc::SIG_DFL) {
        let handler = SigHandler::Handler(do_nothing);
        let flags = SaFlags::SA_RESTART;
        let action = SigAction::new(handler, flags, SigSet::empty());
        // SAFETY: the handler does nothing.
        unsafe { sigaction(Signal::SIGXFSZ, &action) }.ok();
    }
}

/// Whose `SIGCHLD` is ignored cannot wait for a child.
fn hear_of_children() -> Option<(Signal, SigAction)> {
    if disposition(Signal::SIGCHLD) != Ok(libc::SIG_IGN) {
        return None;
    }
    let default = plain(SigHandler::SigDfl);
    // SAFETY: no handler is installed.
    let before = unsafe { sigaction(Signal::SIGCHLD, &default) }.ok()?;
    Some((Signal::SIGCHLD, before))
}

/// Ignores a signal from here on.
pub(crate) fn ignore(signal: Signal) -> Result<(), Errno> {
    let ignored = plain(SigHandler::SigIgn);
    // SAFETY: no handler is installed.
    unsafe { sigaction(signal, &ignored) }.map(drop)
}

fn plain(handler: SigHandler) -> SigAction {
    SigAction::new(handler, SaFlags::empty(), SigSet::empty())
}

fn disposition(signal: Signal) -> Result<libc::sighandler_t, Errno> {
    let mut action = mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is changed; the action is memory of this function.
    let result = unsafe {
        libc::sigaction(signal as c_int, ptr::null(), action.as_mut_ptr())
    };
    Errno::result(result)?;
    // SAFETY: zeroed, and filled by the kernel.
    Ok(unsafe { action.assume_init() }.sa_sigaction)
}

/// What a keeper was started with, and the program shall find.
#[derive(Debug)]
pub(crate) struct Inherited {
    mask: SigSet,
    /// What the keeper handles for itself, and was ignored.
    ignored: Vec<Signal>,
    /// Whether it leads a session of its own, and with it a process group.
    pub(crate) leads_session: bool,
    /// The standard descriptors that are closed, as [`closed::close_all`] has
    /// them.
    pub(crate) closed: u8,
}

impl Inherited {
    /// Notes it, and blocks nothing from here on: the keeper has to hear.
    pub(crate) fn take() -> Result<Self, Errno> {
        let mut mask = SigSet::empty();
        let none = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&none), Some(&mut mask))?;
        let is_ignored =
            |signal: &Signal| disposition(*signal) == Ok(libc::SIG_IGN);
        let own = [Signal::SIGALRM, Signal::SIGIO, Signal::SIGCHLD];
        let ignored = own.into_iter().filter(is_ignored).collect();
        hear_of_children();
        Ok(Self { mask, ignored, leads_session: false, closed: 0 })
    }

    /// Whether `SIGCHLD` was ignored.
    pub(crate) fn ignores_children(&self) -> bool {
        self.ignored.contains(&Signal::SIGCHLD)
    }

    /// In the process that is about to execute the program.
    pub(crate) fn restore(&self) -> Result<(), Errno> {
        if self.leads_session {
            setsid()?;
        }
        self.ignored.iter().try_for_each(|signal| ignore(*signal))?;
        closed::close_all(self.closed);
        self.mask.thread_set_mask()
    }
}
