//! Three jobs, one CPU, three orders: who waits, and for how long.

use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sched::sched_setaffinity;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read};

use crate::cpu::{THIS_PROCESS, burn, cpu_time, first_allowed_cpu};
use crate::shared::{Numbers, shared_numbers};

pub(crate) fn run() -> Result {
    sched_setaffinity(THIS_PROCESS, &first_allowed_cpu()?)
        .context("cannot pin this process")?;
    say!("three jobs, all there at time 0       response   turnaround");
    one_by_one("first come, first served", [60, 15, 15])?;
    one_by_one("shortest job first", [15, 15, 60])?;
    together("round robin, by the kernel", [60, 15, 15])
}

/// The next job begins when the one before has ended.
fn one_by_one(order: &str, jobs: [u64; 3]) -> Result {
    let clocks = Clocks::new()?;
    for (number, need) in jobs.into_iter().enumerate() {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a job")? {
            ForkResult::Child => exit_child(job(number, need, clocks)),
            ForkResult::Parent { child } => {
                expect_success(waitpid(child, None)?)?;
            }
        }
    }
    clocks.print(order);
    Ok(())
}

/// All jobs wait at a gate; then the kernel shares the CPU among them.
fn together(order: &str, jobs: [u64; 3]) -> Result {
    let clocks = Clocks::new()?;
    let (gate, opener) = pipe().context("cannot make a pipe")?;
    let mut children = Vec::new();
    for (number, need) in jobs.into_iter().enumerate() {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a job")? {
            ForkResult::Child => {
                drop(opener);
                exit_child(
                    wait_at(&gate).and_then(|()| job(number, need, clocks)),
                )
            }
            ForkResult::Parent { child } => children.push(child),
        }
    }
    drop(opener);
    for child in children {
        expect_success(waitpid(child, None)?)?;
    }
    clocks.print(order);
    Ok(())
}

fn wait_at(gate: &OwnedFd) -> Result {
    read(gate, &mut [0])?;
    Ok(())
}

/// One child: needs so many milliseconds of the CPU.
fn job(number: usize, need: u64, clocks: Clocks) -> Result {
    role("job");
    let need = Duration::from_millis(need);
    clocks.response[number].store(clocks.now(), Relaxed);
    loop {
        let used = cpu_time()?;
        clocks.used[number].store(used.as_micros() as u64, Relaxed);
        if used >= need {
            break;
        }
        burn();
    }
    clocks.turnaround[number].store(clocks.now(), Relaxed);
    Ok(())
}

/// In microseconds, one number for each job.
#[derive(Clone, Copy)]
struct Clocks {
    used: &'static Numbers,
    response: &'static Numbers,
    turnaround: &'static Numbers,
}

impl Clocks {
    fn new() -> Result<Self> {
        Ok(Self {
            used: shared_numbers()?,
            response: shared_numbers()?,
            turnaround: shared_numbers()?,
        })
    }

    /// The jobs' own time: what they have used of the CPU together. It does
    /// not move while strangers run, so other load cannot blur the figures.
    fn now(&self) -> u64 {
        self.used.iter().map(|used| used.load(Relaxed)).sum()
    }

    fn print(&self, order: &str) {
        let [response, turnaround] =
            [self.response, self.turnaround].map(|times| {
                let sum: u64 =
                    times.iter().map(|time| time.load(Relaxed)).sum();
                sum as f64 / 3.0 / 1000.0
            });
        say!("{order:36} {response:6.1} ms  {turnaround:6.1} ms");
    }
}
