//! A handler runs between any two instructions of the code it interrupts.
//! So it takes no lock and prints nothing: it leaves a note.

use std::ffi::c_int;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, raise,
    sigaction,
};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getppid, pipe};

use crate::gate;

pub(crate) fn run() -> Result {
    for worker in [interrupted, flag, descriptor] {
        let (begun_read, begun_write) = pipe().context("cannot make a pipe")?;
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork the worker")? {
            ForkResult::Child => {
                drop(begun_read);
                exit_child(worker(begun_write))
            }
            ForkResult::Parent { child } => {
                drop(begun_write);
                gate::await_told(&begun_read)?;
                kill(child, Signal::SIGTERM)?;
                expect_success(waitpid(child, None)?)?;
            }
        }
    }
    Ok(())
}

static LOCK: Mutex<()> = Mutex::new(());
static LOCK_WAS_TAKEN: AtomicBool = AtomicBool::new(false);

/// What must not be done. println!, malloc and many more take a lock.
extern "C" fn want_the_lock(_: c_int) {
    // lock() here would wait for code that waits for this handler.
    LOCK_WAS_TAKEN.store(LOCK.try_lock().is_err(), SeqCst);
}

fn interrupted(begun: OwnedFd) -> Result {
    role("interrupted");
    install(want_the_lock)?;
    let guard = LOCK.lock()?;
    raise(Signal::SIGTERM)?; // the worst moment, made certain
    drop(guard);
    if LOCK_WAS_TAKEN.load(SeqCst) {
        say!("interrupted: my handler met the lock which I held myself");
    }
    // The parent's SIGTERM may come now or never: the lock is free.
    gate::tell(&begun)
}

static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_: c_int) {
    STOP.store(true, SeqCst);
}

/// A flag. The signal is blocked except while the process waits for it: else
/// it could come between the look at the flag and the wait, and be missed.
fn flag(begun: OwnedFd) -> Result {
    role("flag");
    let term = SigSet::from(Signal::SIGTERM);
    let open = term.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    install(note)?;
    gate::tell(&begun)?;
    while !STOP.load(SeqCst) {
        open.suspend()?;
    }
    say!("flag: the handler left a note; here I may print");
    Ok(())
}

/// No handler at all: the signal stays blocked and is read like bytes.
fn descriptor(begun: OwnedFd) -> Result {
    role("signalfd");
    let term = SigSet::from(Signal::SIGTERM);
    term.thread_block()?;
    let signals = SignalFd::new(&term).context("cannot make a signalfd")?;
    gate::tell(&begun)?;
    let signal = signals
        .read_signal()?
        .ok_or_else(|| Error::new("a signalfd gave no signal"))?;
    let number = Signal::try_from(signal.ssi_signo as c_int)?;
    let ours = signal.ssi_pid == getppid().as_raw() as u32;
    let sender = if ours { "my parent" } else { "somebody" };
    say!("signalfd: read {number}, sent by {sender}");
    Ok(())
}

fn install(handler: extern "C" fn(c_int)) -> Result {
    let action = SigAction::new(
        SigHandler::Handler(handler),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    // SAFETY: each handler above uses atomics and, once, a try_lock, which
    // is an atomic too: it neither waits nor allocates.
    unsafe { sigaction(Signal::SIGTERM, &action) }?;
    Ok(())
}
