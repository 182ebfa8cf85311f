//! Twins of the hanging programs, each of which goes on by itself: within a
//! minute, if nobody ends it before.

use std::net::{TcpListener, TcpStream};
use std::ptr;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{Pid, pause, pipe};

use crate::Result;
use crate::files::{flock, open};
use crate::memory::{Mutex, Semaphore};
use crate::process::{
    Meeting, await_end, await_stop, await_zombie, child, read_one, read_to_end,
    ready, shut, stop,
};
use crate::program::Program;
use crate::signals::{block, handle};

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("eof-writer-rests", writer_rests),
    Program::healthy("wait-for-computing", computes),
    Program::healthy("input-from-outside", input).unless_closed(),
    Program::healthy("lock-holder-rests", lock_holder_rests),
    Program::healthy("lock-holder-computes", lock_holder_computes),
    Program::healthy("flock-with-alarm", flock_with_alarm),
    Program::healthy("mutex-owner-rests", mutex_owner_rests),
    Program::healthy("semaphore-with-end", semaphore_with_end),
    Program::healthy("stopped-and-waker", stopped_and_waker),
    Program::healthy("pause-with-alarm", pause_with_alarm),
    Program::healthy("pause-with-timer", pause_with_timer),
    Program::healthy("pause-and-sender", pause_and_sender),
    Program::healthy("sigwait-with-end", sigwait_with_end),
    Program::healthy("zombie-and-rest", zombie_and_rest),
    Program::healthy("accept-inet", accept_inet),
    Program::healthy("inet-both-read", inet_both_read),
    Program::healthy("terminal", terminal),
];

/// A minute, without which a twin would hang.
pub(crate) static MINUTE: libc::timespec =
    libc::timespec { tv_sec: 60, tv_nsec: 0 };

/// Sleeps, with an end.
pub(crate) fn rest() -> Result {
    let none = ptr::null_mut::<libc::timespec>();
    // SAFETY: the time outlives the call, and nothing is written.
    unsafe { libc::syscall(libc::SYS_nanosleep, &MINUTE, none) };
    Ok(())
}

/// Uses up a CPU, for longer than anybody looks.
fn compute() -> Result {
    let mut number: u64 = 1;
    for step in 0..1 << 40_u64 {
        number = std::hint::black_box(number.wrapping_mul(31) ^ step);
    }
    Err(format!("{number} came too early").into())
}

fn wait_for(worker: Pid) -> Result {
    ready()?;
    await_end(worker)
}

fn writer_rests() -> Result {
    let (read_end, write_end) = pipe()?;
    let reader = child(|| {
        shut(&write_end);
        read_to_end(&read_end)
    })?;
    child(|| {
        shut(&read_end);
        rest()
    })?;
    drop((read_end, write_end));
    wait_for(reader)
}

fn computes() -> Result {
    wait_for(child(compute)?)
}

/// What it reads comes from whoever started it.
fn input() -> Result {
    wait_for(child(|| read_to_end(std::io::stdin()))?)
}

fn lock_holder(hold: fn() -> Result) -> Result {
    let meeting = Meeting::new(1)?;
    child(|| {
        let file = open("lock")?;
        flock(&file)?;
        meeting.pass()?;
        hold()
    })?;
    meeting.hold()?;
    wait_for(child(|| flock(&open("lock")?))?)
}

fn lock_holder_rests() -> Result {
    lock_holder(rest)
}

fn lock_holder_computes() -> Result {
    lock_holder(compute)
}

/// The signal interrupts flock(2).
fn flock_with_alarm() -> Result {
    handle(Signal::SIGALRM)?;
    let (first, second) = (open("lock")?, open("lock")?);
    flock(&first)?;
    nix::unistd::alarm::set(60);
    ready()?;
    flock(&second)
}

fn mutex_owner_rests() -> Result {
    let mutex = Mutex::shared()?;
    let meeting = Meeting::new(1)?;
    child(|| {
        mutex.lock()?;
        meeting.pass()?;
        rest()
    })?;
    meeting.hold()?;
    wait_for(child(|| mutex.lock())?)
}

fn semaphore_with_end() -> Result {
    let semaphore = Semaphore::shared(1)?;
    let holder = child(|| semaphore.wait())?;
    await_zombie(holder)?;
    let now = Duration::from_secs(60) + std::time::UNIX_EPOCH.elapsed()?;
    let tv_sec = now.as_secs().try_into()?;
    ready()?;
    semaphore.wait_until(&libc::timespec { tv_sec, tv_nsec: 0 })
}

/// Somebody sleeps who could send SIGCONT.
fn stopped_and_waker() -> Result {
    let meeting = Meeting::new(1)?;
    let worker = child(|| {
        meeting.pass()?;
        rest()
    })?;
    meeting.hold()?;
    stop(worker)?;
    child(|| {
        rest()?;
        Ok(nix::sys::signal::kill(worker, Signal::SIGCONT)?)
    })?;
    await_stop(worker)?;
    wait_for(worker)
}

fn pause_with_alarm() -> Result {
    handle(Signal::SIGALRM)?;
    nix::unistd::alarm::set(60);
    ready()?;
    pause();
    Ok(())
}

/// A POSIX timer of the process, which the kernel lists.
fn pause_with_timer() -> Result {
    use nix::sys::signal::{SigEvent, SigevNotify};
    use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
    handle(Signal::SIGUSR1)?;
    let notify =
        SigevNotify::SigevSignal { signal: Signal::SIGUSR1, si_value: 0 };
    let mut timer =
        Timer::new(nix::time::ClockId::CLOCK_MONOTONIC, SigEvent::new(notify))?;
    let end = Expiration::OneShot(Duration::from_secs(60).into());
    timer.set(end, TimerSetTimeFlags::empty())?;
    ready()?;
    pause();
    Ok(())
}

fn pause_and_sender() -> Result {
    handle(Signal::SIGUSR1)?;
    child(|| {
        rest()?;
        Ok(nix::sys::signal::kill(nix::unistd::getppid(), Signal::SIGUSR1)?)
    })?;
    ready()?;
    pause();
    Ok(())
}

fn sigwait_with_end() -> Result {
    block(&[Signal::SIGUSR1])?;
    let set: nix::sys::signal::SigSet = [Signal::SIGUSR1].into_iter().collect();
    ready()?;
    let none = ptr::null_mut();
    // SAFETY: set and time outlive the call, and nothing is written.
    unsafe { libc::sigtimedwait(set.as_ref(), none, &MINUTE) };
    Ok(())
}

fn zombie_and_rest() -> Result {
    let zombie = child(|| Ok(()))?;
    await_zombie(zombie)?;
    ready()?;
    rest()
}

fn accept_inet() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    wait_for(child(|| {
        listener.accept()?;
        Ok(())
    })?)
}

/// The network always moves.
fn inet_both_read() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let there = listener.local_addr()?;
    let worker = child(|| read_one(TcpStream::connect(there)?))?;
    let (here, _) = listener.accept()?;
    ready()?;
    read_one(here)?;
    await_end(worker)
}

/// A person could type.
fn terminal() -> Result {
    use nix::fcntl::OFlag;
    use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY;
    let mode = nix::sys::stat::Mode::empty();
    let slave = nix::fcntl::open(ptsname_r(&master)?.as_str(), flags, mode)?;
    wait_for(child(|| read_one(&slave))?)
}
