//! Group stops, and a tree that is hard to end.

use std::ffi::{c_int, c_void};
use std::ptr;

use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::unistd::Pid;

use crate::calls::{
    await_long_sleep, become_observed, child, close, code_of, my_pid, pause,
    pipe, read, send, system, thread, wait, write,
};

pub(crate) fn behave(name: &str, number: i32) -> Option<u8> {
    Some(match name {
        "sleeps-through" => sleeps_through(),
        "stops" => stops(number),
        "alarms" => alarms(),
        "clings" => clings(),
        "says-who-keeps-it" => says_who_keeps_it(),
        "shows-signals" => shows_signals(),
        "prints-endlessly" => prints_endlessly(),
        "forks-endlessly" => loop {
            child(pause);
        },
        "computes-endlessly" => compute(),
        "computes-with-seven" => computes_with_seven(),
        _ => return None,
    })
}

/// Sets an alarm and takes it back, by both calls.
fn alarms() -> u8 {
    let set = |which, after, every| {
        let time = |(tv_sec, tv_usec)| libc::timeval { tv_sec, tv_usec };
        let timer =
            libc::itimerval { it_interval: time(every), it_value: time(after) };
        // SAFETY: the timer outlives the call.
        unsafe { libc::setitimer(which, &raw const timer, ptr::null_mut()) };
    };
    // SAFETY: alarm(2) takes a number.
    unsafe { libc::alarm(60) };
    // SAFETY: as above.
    unsafe { libc::alarm(0) };
    set(libc::ITIMER_VIRTUAL, (60, 0), (0, 0));
    set(libc::ITIMER_REAL, (60, 7), (1, 5));
    set(libc::ITIMER_REAL, (0, 0), (0, 0));
    0
}

/// Stops and continues a child with three threads, `rounds` times, and
/// expects what waitpid(2) promises.
fn stops(rounds: i32) -> u8 {
    let [read_end, write_end] = pipe();
    let stopper = child(|| {
        for _ in 0..2 {
            thread(move || {
                write(write_end, b"!");
                pause()
            });
        }
        pause()
    });
    for _ in 0..2 {
        read(read_end, &mut [0]);
    }
    for _ in 0..rounds {
        send(stopper, libc::SIGSTOP);
        let status = wait(stopper, libc::WUNTRACED);
        if !libc::WIFSTOPPED(status) || libc::WSTOPSIG(status) != libc::SIGSTOP
        {
            return 1;
        }
        send(stopper, libc::SIGCONT);
        let status = wait(stopper, libc::WCONTINUED);
        if !libc::WIFCONTINUED(status) {
            return 2;
        }
    }
    send(stopper, libc::SIGTERM);
    let status = wait(stopper, 0);
    if libc::WIFSIGNALED(status) { 0 } else { 3 }
}

/// Becomes this program in another behaviour, with a signal blocked, and
/// others ignored.
pub(crate) fn then_deaf(behaviour: &[String]) -> u8 {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGUSR1);
    blocked.add(Signal::SIGALRM);
    blocked.thread_block().expect("it can be blocked");
    for ignored in [
        Signal::SIGINT,
        Signal::SIGALRM,
        Signal::SIGIO,
        Signal::SIGUSR2,
        Signal::SIGCHLD,
    ] {
        // SAFETY: no handler is installed.
        unsafe { signal(ignored, SigHandler::SigIgn) }.expect("a disposition");
    }
    let behaviour: Vec<&str> = behaviour.iter().map(String::as_str).collect();
    -become_observed(&behaviour) as u8
}

/// What is blocked, ignored and handled.
fn shows_signals() -> u8 {
    let status = std::fs::read_to_string("/proc/self/status");
    let status = status.expect("it is there");
    for line in status.lines().filter(|line| {
        ["SigBlk", "SigIgn", "SigCgt"].iter().any(|it| line.starts_with(it))
    }) {
        write(1, format!("{line}\n").as_bytes());
    }
    0
}

fn prints_endlessly() -> u8 {
    while write(1, &[b'y'; 4096]) > 0 {}
    0
}

extern "C" fn pauses(ready: *mut c_void) -> c_int {
    write(ready.addr() as c_int, b"!");
    pause().into()
}

/// A tree in every state that outlives polite words: paused, stopped, in
/// vfork, deaf to all signals, in a session of its own, computing, with
/// threads. Says who its keeper is when all are in place.
fn clings() -> u8 {
    let [read_end, ready] = pipe();
    let told = || {
        write(ready, b"!");
        pause()
    };
    child(told);
    let stopped = child(|| {
        send(my_pid(), libc::SIGSTOP);
        0
    });
    wait(stopped, libc::WUNTRACED);
    child(|| in_vfork(ready));
    child(|| {
        become_deaf();
        told()
    });
    child(|| {
        system(libc::SYS_setsid, [0; 5]);
        child(told);
        told()
    });
    child(|| {
        write(ready, b"!");
        -become_observed(&["computes-endlessly"]) as u8
    });
    child(|| {
        thread(told_by_a_thread(ready));
        pause()
    });
    for _ in 0..7 {
        read(read_end, &mut [0]);
    }
    close(read_end);
    say_who_keeps_us();
    pause()
}

fn told_by_a_thread(ready: c_int) -> impl FnOnce() -> u8 + Send {
    move || {
        write(ready, b"!");
        pause()
    }
}

/// Blocks all signals that can be blocked.
fn become_deaf() {
    let all = u64::MAX;
    let set = (&raw const all).expose_provenance() as i64;
    let how = libc::SIG_SETMASK.into();
    system(libc::SYS_rt_sigprocmask, [how, set, 0, 8, 0]);
}

fn say_who_keeps_us() {
    let line = format!("ready {}\n", nix::unistd::getppid());
    write(1, line.as_bytes());
}

/// Makes events without end.
fn says_who_keeps_it() -> u8 {
    say_who_keeps_us();
    loop {
        child(|| 0);
        wait(-1, 0);
    }
}

fn in_vfork(ready: c_int) -> u8 {
    let mut stack = vec![0_u128; 4096];
    let top = stack.as_mut_ptr_range().end.cast();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let ready = ptr::without_provenance_mut(ready as usize);
    // SAFETY: the child has a stack of its own, and its parent waits.
    unsafe { libc::clone(pauses, top, flags, ready) };
    0
}

/// A child that sleeps on when a signal that it ignores comes.
fn compute() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Eight processes on one CPU.
fn computes_with_seven() -> ! {
    let mut one = CpuSet::new();
    one.set(sched_getcpu().expect("it runs")).expect("there is one");
    sched_setaffinity(Pid::from_raw(0), &one).expect("it may run there");
    for _ in 0..7 {
        child(|| compute());
    }
    compute()
}

fn sleeps_through() -> u8 {
    // SAFETY: no handler is installed.
    unsafe { libc::signal(libc::SIGUSR1, libc::SIG_IGN) };
    let sleeper = child(|| {
        let long = [0, 200_000_000_i64];
        let at = long.as_ptr() as libc::c_long;
        system(libc::SYS_nanosleep, [at, 0, 0, 0, 0]);
        0
    });
    await_long_sleep(sleeper, libc::SYS_nanosleep);
    send(sleeper, libc::SIGUSR1);
    code_of(sleeper)
}
