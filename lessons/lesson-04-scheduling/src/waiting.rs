//! Three ways to wait for the same event, and the CPU time each one burns.

use std::hint::spin_loop;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sched::sched_yield;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe, read};

use crate::cpu::{cpu_time, end_with, spin_until};
use crate::shared::shared_numbers;

pub(crate) fn run() -> Result {
    wait("spinning", spinning)?;
    wait("yielding", yielding)?;
    wait("blocking", blocking)
}

/// The event: the parent has worked for 50 ms of CPU time.
fn wait(name: &str, way: Way) -> Result {
    let flag = &shared_numbers()?[0];
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;
    let parent = getpid();

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the waiter")? {
        ForkResult::Child => {
            drop(write_end);
            exit_child(measure(name, parent, || way(flag, read_end)))
        }
        ForkResult::Parent { child } => {
            spin_until(cpu_time()? + Duration::from_millis(50))?;
            flag.store(1, Release);
            drop(write_end);
            expect_success(waitpid(child, None)?)
        }
    }
}

/// The child: waits in its own way, and says what that cost.
fn measure(
    name: &str,
    parent: Pid,
    wait: impl FnOnce() -> Result<u64>,
) -> Result {
    role("waiter");
    end_with(parent)?;
    let before = cpu_time()?;
    let looks = wait()?;
    let ms = (cpu_time()? - before).as_secs_f64() * 1000.0;
    say!("{name}: {ms:5.1} ms of CPU time, looks: about {looks}");
    Ok(())
}

/// Waits for the flag or for the end of file, whichever it likes better;
/// returns how often it looked.
type Way = fn(&AtomicU64, OwnedFd) -> Result<u64>;

fn spinning(flag: &AtomicU64, _: OwnedFd) -> Result<u64> {
    let mut looks = 1;
    while flag.load(Acquire) == 0 {
        spin_loop();
        looks += 1;
    }
    Ok(looks)
}

fn yielding(flag: &AtomicU64, _: OwnedFd) -> Result<u64> {
    let mut looks = 1;
    while flag.load(Acquire) == 0 {
        sched_yield()?;
        looks += 1;
    }
    Ok(looks)
}

fn blocking(_: &AtomicU64, read_end: OwnedFd) -> Result<u64> {
    read(&read_end, &mut [0])?;
    Ok(1)
}
