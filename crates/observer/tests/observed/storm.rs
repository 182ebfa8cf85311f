//! Processes that do everything at once, and are killed at any moment.

use std::os::fd::RawFd;
use std::thread;

use crate::calls::{
    become_observed, child, close, code_of, my_pid, pipe, read, send, system,
    thread, wait, write,
};

pub(crate) fn behave(name: &str, number: i32) -> Option<u8> {
    Some(match name {
        "storm" => storm(number as u64),
        "cut-short" => cut_short(number),
        _ => return None,
    })
}

/// Eight children in turn that do everything, each killed at a moment that
/// the seed decides: after so many of its steps, and a little later.
fn storm(seed: u64) -> u8 {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..8 {
        let [steps, step] = pipe();
        let victim = child(|| {
            close(steps);
            busy(step)
        });
        close(step);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        for _ in 0..random % 16 {
            read(steps, &mut [0]);
        }
        for _ in 0..random / 16 % 8 {
            thread::yield_now();
        }
        send(victim, libc::SIGKILL);
        wait(victim, 0);
        close(steps);
    }
    0
}

/// Children whose second thread executes a program, and which are killed
/// meanwhile: one a little later than the one before.
fn cut_short(number: i32) -> u8 {
    for turn in 0..number {
        let [steps, step] = pipe();
        let victim = child(|| {
            close(steps);
            thread(move || {
                write(step, b"!");
                -become_observed(&["exit", "0"]) as u8
            });
            loop {
                let [read_end, write_end] = pipe();
                close(read_end);
                close(write_end);
            }
        });
        close(step);
        read(steps, &mut [0]);
        for _ in 0..turn % 20 {
            thread::yield_now();
        }
        send(victim, libc::SIGKILL);
        wait(victim, 0);
        close(steps);
    }
    0
}

/// Forks, threads, pipes, stops and programs, without end.
fn busy(step: RawFd) -> u8 {
    loop {
        write(step, b"!");
        echoes(step);
        write(step, b"!");
        stops();
        write(step, b"!");
        code_of(child(|| -become_observed(&["threads", "3"]) as u8));
    }
}

fn echoes(step: RawFd) {
    let [read_end, write_end] = pipe();
    let echo = child(|| {
        write(step, b"!");
        thread(|| child(|| 0)).join().expect("it forks");
        write(write_end, b"!");
        send(my_pid(), libc::SIGUSR1);
        0
    });
    read(read_end, &mut [0]);
    wait(echo, 0);
    close(read_end);
    close(write_end);
}

fn stops() {
    let parent = my_pid();
    let stopped = child(|| {
        // Nobody would continue an orphan.
        let kill = libc::SIGKILL.into();
        let option = libc::PR_SET_PDEATHSIG.into();
        system(libc::SYS_prctl, [option, kill, 0, 0, 0]);
        if nix::unistd::getppid().as_raw() != parent {
            return 0;
        }
        send(my_pid(), libc::SIGSTOP);
        0
    });
    wait(stopped, libc::WUNTRACED);
    send(stopped, libc::SIGCONT);
    wait(stopped, 0);
}
