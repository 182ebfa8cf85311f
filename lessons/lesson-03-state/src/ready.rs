//! R does not tell running from ready; the second number of schedstat does.

use std::fs;
use std::time::Duration;

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{ForkResult, Pid, fork};

use crate::proc_stat::letter;
use crate::spin::spin;

const WORK: Duration = Duration::from_millis(30);

pub(crate) fn run() -> Result {
    // Children inherit the choice: both spinners share one CPU.
    let mut one_cpu = CpuSet::new();
    one_cpu.set(sched_getcpu()?)?;
    sched_setaffinity(Pid::from_raw(0), &one_cpu)
        .context("cannot stay on one CPU")?;

    // SAFETY: this process has one thread.
    let rival = match unsafe { fork() }.context("cannot fork the rival")? {
        ForkResult::Child => {
            role("rival");
            exit_child(spin())
        }
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the spinner")? {
        ForkResult::Child => exit_child(spinner(rival)),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
            kill(rival, Signal::SIGKILL)?;
            waitpid(rival, None)?;
            Ok(())
        }
    }
}

/// Uses 30 ms of CPU time, against the rival, then asks.
fn spinner(rival: Pid) -> Result {
    role("spinner");
    let used = || clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    while Duration::from(used()?) < WORK {}

    // This line runs, so the only CPU is taken: the rival cannot be running.
    say!("spinner: I run, and the rival is {}", letter(rival)?);
    match schedstat()? {
        Some((ran, waited)) => {
            say!("spinner: {ran:.1} ms on the CPU, {waited:.1} ms ready");
        }
        None => say!("spinner: this kernel does not count the time ready"),
    }
    Ok(())
}

/// The milliseconds this process spent running, and ready to run.
fn schedstat() -> Result<Option<(f64, f64)>> {
    let Ok(text) = fs::read_to_string("/proc/self/schedstat") else {
        return Ok(None); // built without CONFIG_SCHED_INFO
    };
    let numbers: Vec<f64> =
        text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [0.0, 0.0, _] => Ok(None), // built with it, but switched off
        [ran, waited, _] => Ok(Some((ran / 1e6, waited / 1e6))),
        _ => Err(Error::new("/proc/self/schedstat holds no three numbers")),
    }
}
