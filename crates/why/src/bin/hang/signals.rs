//! A process waits for a signal that nobody sends any more.

use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill,
    sigaction, sigprocmask,
};
use nix::sys::signalfd::SignalFd;
use nix::unistd::{getppid, pause, pipe};

use crate::Result;
use crate::process::{await_end, await_zombie, child, read_one, ready, shut};
use crate::program::Program;
use crate::queues::with_queue;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("pause-too-late", "signal-never-comes", "A", too_late)
        .if_closed(),
    Program::stuck("sigwait-other", "signal-never-comes", "A A.1", other)
        .if_closed()
        .says("SIGUSR2; SIGUSR1"),
    Program::stuck("sigsuspend-blocked", "signal-never-comes", "A A.1", hidden)
        .if_closed(),
    Program::stuck("sigwait-merged", "signal-never-comes", "A A.1", merged)
        .if_closed()
        .says("SIGUSR1"),
    Program::stuck("signalfd-silent", "signal-never-comes", "A A.1", silent)
        .if_closed()
        .says("SIGUSR2"),
    Program::stuck("pause-beside-queue", "signal-never-comes", "A", beside)
        .if_closed(),
];

/// The queue has not been asked to tell of its messages.
fn beside() -> Result {
    with_queue(|_| {
        handle(Signal::SIGUSR1)?;
        ready()?;
        pause();
        Ok(())
    })
}

extern "C" fn note(_: libc::c_int) {}

/// Handles a signal by doing nothing, so that it interrupts.
pub(crate) fn handle(signal: Signal) -> Result {
    let handler = SigHandler::Handler(note);
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

fn set(signals: &[Signal]) -> SigSet {
    signals.iter().copied().collect()
}

pub(crate) fn block(signals: &[Signal]) -> Result {
    Ok(sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set(signals)), None)?)
}

/// The signal came and was handled before pause(2) began.
fn too_late() -> Result {
    handle(Signal::SIGUSR1)?;
    block(&[Signal::SIGUSR1])?;
    let sender = child(|| Ok(kill(getppid(), Signal::SIGUSR1)?))?;
    await_zombie(sender)?;
    let signals = set(&[Signal::SIGUSR1]);
    sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&signals), None)?;
    ready()?;
    pause();
    Ok(())
}

/// SIGUSR1 is pending, SIGUSR2 is awaited.
fn other() -> Result {
    block(&[Signal::SIGUSR1, Signal::SIGUSR2])?;
    let waiter = child(|| {
        set(&[Signal::SIGUSR2]).wait()?;
        Ok(())
    })?;
    kill(waiter, Signal::SIGUSR1)?;
    ready()?;
    await_end(waiter)
}

/// The mask that sigsuspend(2) is given blocks the signal too.
fn hidden() -> Result {
    handle(Signal::SIGUSR1)?;
    block(&[Signal::SIGUSR1])?;
    let waiter = child(|| Ok(set(&[Signal::SIGUSR1]).suspend()?))?;
    kill(waiter, Signal::SIGUSR1)?;
    ready()?;
    await_end(waiter)
}

/// Two of a kind became one while they were blocked.
fn merged() -> Result {
    block(&[Signal::SIGUSR1])?;
    let (read_end, write_end) = pipe()?;
    let waiter = child(|| {
        shut(&write_end);
        read_one(&read_end)?;
        let awaited = set(&[Signal::SIGUSR1]);
        awaited.wait()?;
        awaited.wait()?;
        Ok(())
    })?;
    kill(waiter, Signal::SIGUSR1)?;
    kill(waiter, Signal::SIGUSR1)?;
    nix::unistd::write(&write_end, b"x")?;
    drop((read_end, write_end));
    ready()?;
    await_end(waiter)
}

/// A descriptor that only a signal makes readable.
fn silent() -> Result {
    block(&[Signal::SIGUSR2])?;
    let waiter = child(|| {
        let signals = SignalFd::new(&set(&[Signal::SIGUSR2]))?;
        signals.read_signal()?;
        Ok(())
    })?;
    ready()?;
    await_end(waiter)
}
