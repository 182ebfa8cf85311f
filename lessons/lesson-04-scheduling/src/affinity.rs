//! The CPUs a process may use, and one worker pinned to each of them.

use std::fs;

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::sched::{
    CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity, sched_yield,
};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::cpu::THIS_PROCESS;

pub(crate) fn run() -> Result {
    let allowed = allowed_cpus()?;
    say!("CPUs of this machine: about {}", machine_cpus()?);
    say!("CPUs this process may use: about {}", allowed.len());

    let mut workers = Vec::new();
    for cpu in allowed {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a worker")? {
            ForkResult::Child => exit_child(worker(cpu)),
            ForkResult::Parent { child } => workers.push(child),
        }
    }
    for worker in workers {
        expect_success(waitpid(worker, None)?)?;
    }
    say!("every worker ran where it was pinned");

    let mut absent = CpuSet::new();
    absent.set(CpuSet::count() - 1)?;
    match sched_setaffinity(THIS_PROCESS, &absent) {
        Err(Errno::EINVAL) => {
            say!("a CPU that is not there: {}", Errno::EINVAL);
            Ok(())
        }
        other => Err(Error::new(format!("a CPU not there: {other:?}"))),
    }
}

/// One child for each CPU: pins itself, then gives the scheduler fifty
/// occasions to put it somewhere else.
fn worker(cpu: usize) -> Result {
    role("worker");
    let mut only = CpuSet::new();
    only.set(cpu)?;
    sched_setaffinity(THIS_PROCESS, &only)
        .context(format_args!("cannot pin a worker to CPU {cpu}"))?;
    for _ in 0..50 {
        let here = sched_getcpu()?;
        if here != cpu {
            let text = format!("pinned to CPU {cpu}, found on CPU {here}");
            return Err(Error::new(text));
        }
        sched_yield()?;
    }
    Ok(())
}

fn allowed_cpus() -> Result<Vec<usize>> {
    let set = sched_getaffinity(THIS_PROCESS)
        .context("cannot read the set of allowed CPUs")?;
    let all = 0..CpuSet::count();
    Ok(all.filter(|cpu| set.is_set(*cpu) == Ok(true)).collect())
}

/// Below its first line, proc_stat(5) has a line for each CPU.
fn machine_cpus() -> Result<usize> {
    let stat =
        fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    Ok(stat.lines().skip(1).filter(|line| line.starts_with("cpu")).count())
}
