//! One CPU to compete for, and the CPU time that a competitor has used.

use std::hint::black_box;
use std::time::Duration;

use common::{Context, Error, Result};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, getppid};

/// The set that holds nothing but the first CPU this process may use.
/// It need not be CPU 0: a container or taskset(1) may have taken that away.
pub(crate) fn first_allowed_cpu() -> Result<CpuSet> {
    let allowed = sched_getaffinity(THIS_PROCESS)
        .context("cannot read the set of allowed CPUs")?;
    for cpu in 0..CpuSet::count() {
        if allowed.is_set(cpu)? {
            let mut first = CpuSet::new();
            first.set(cpu)?;
            return Ok(first);
        }
    }
    Err(Error::new("no CPU is allowed"))
}

/// Pid 0 means the caller, to all calls of the scheduler.
pub(crate) const THIS_PROCESS: Pid = Pid::from_raw(0);

/// The CPU time this process has used. Such a clock starts at 0 in a forked
/// child, and stands still while the process waits, in whatever queue.
pub(crate) fn cpu_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

/// Computes until this process has used that much CPU time in all.
pub(crate) fn spin_until(budget: Duration) -> Result {
    while cpu_time()? < budget {
        burn();
    }
    Ok(())
}

/// Some microseconds of work that no compiler can leave out.
pub(crate) fn burn() {
    for number in 0..500 {
        black_box(number);
    }
}

/// For a process that spins until it is told or killed: without this it would
/// heat the CPU for ever if its parent was killed first.
pub(crate) fn end_with(parent: Pid) -> Result {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if getppid() == parent {
        Ok(())
    } else {
        Err(Error::new("the parent was gone before this child began"))
    }
}
