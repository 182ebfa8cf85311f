//! Signals that the kernel sends.

use std::ptr;

use nix::sys::resource::{Resource, setrlimit};

use crate::calls::{child, code_of, pause, pipe, read, system, wait, write};

pub(crate) fn behave(name: &str) -> Option<u8> {
    Some(match name {
        "dies-with-its-parent" => dies_with_its_parent(),
        "uses-its-cpu-time" => uses_its_cpu_time(1, 2),
        "uses-all-its-cpu-time" => uses_its_cpu_time(1, 1),
        "writes-too-much" => writes_too_much(),
        "times-itself" => times_itself(),
        "has-a-timer" => has_a_timer(),
        "is-told-by-a-child" => is_told_by_a_child(),
        _ => return None,
    })
}

/// The signal by which a child has died.
fn signal_of(pid: i32) -> u8 {
    let status = wait(pid, libc::__WALL);
    if status >= 0 && libc::WIFSIGNALED(status) {
        return libc::WTERMSIG(status) as u8;
    }
    u8::MAX
}

/// The grandchild asks for a SIGTERM at the end of the child.
fn dies_with_its_parent() -> u8 {
    let on = libc::PR_SET_CHILD_SUBREAPER.into();
    system(libc::SYS_prctl, [on, 1, 0, 0, 0]);
    let [read_end, ready] = pipe();
    let parent = child(|| {
        child(|| {
            let (ask, term) = (libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            system(libc::SYS_prctl, [ask.into(), term.into(), 0, 0, 0]);
            write(ready, b"!");
            pause()
        });
        read(read_end, &mut [0]);
        0
    });
    code_of(parent) + signal_of(-1)
}

fn uses_its_cpu_time(soft: u64, hard: u64) -> u8 {
    signal_of(child(|| {
        setrlimit(Resource::RLIMIT_CPU, soft, hard).expect("less is allowed");
        loop {
            std::hint::spin_loop();
        }
    }))
}

fn writes_too_much() -> u8 {
    signal_of(child(|| {
        setrlimit(Resource::RLIMIT_FSIZE, 1, 1).expect("less is allowed");
        // Who may observe handles it.
        // SAFETY: no handler is installed.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_DFL) };
        let file = system(
            libc::SYS_memfd_create,
            [c"file".as_ptr() as libc::c_long, 0, 0, 0, 0],
        );
        write(file as i32, b"!");
        write(file as i32, b"!");
        0
    }))
}

fn times_itself() -> u8 {
    signal_of(child(|| {
        let soon = libc::timeval { tv_sec: 0, tv_usec: 1_000 };
        let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
        let timer = libc::itimerval { it_interval: never, it_value: soon };
        let none = ptr::null_mut();
        // SAFETY: the timer outlives the call.
        unsafe { libc::setitimer(libc::ITIMER_PROF, &raw const timer, none) };
        loop {
            std::hint::spin_loop();
        }
    }))
}

fn has_a_timer() -> u8 {
    signal_of(child(|| {
        // SAFETY: zero is a value of every field.
        let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = libc::SIGUSR1;
        let mut timer = ptr::null_mut();
        let clock = libc::CLOCK_MONOTONIC;
        // SAFETY: both are memory of this function.
        unsafe { libc::timer_create(clock, &raw mut event, &raw mut timer) };
        let soon = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
        let never = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = libc::itimerspec { it_interval: never, it_value: soon };
        // SAFETY: the time outlives the call.
        unsafe {
            libc::timer_settime(timer, 0, &raw const spec, ptr::null_mut())
        };
        pause()
    }))
}

/// Its exit signal kills the parent.
fn is_told_by_a_child() -> u8 {
    signal_of(child(|| {
        let signal = libc::SIGUSR1.into();
        if system(libc::SYS_clone, [signal, 0, 0, 0, 0]) == 0 {
            return 0;
        }
        pause()
    }))
}
