//! Two processes on one CPU: what each gets, beside what its weight promises.

use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sched::sched_setaffinity;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe, read};

use crate::cpu::{burn, cpu_time, first_allowed_cpu, spin_until};
use crate::niceness::{niceness, set_niceness};
use crate::rival::rival;
use crate::shared::{Numbers, shared_numbers};

/// `sched_prio_to_weight` in kernel/sched/core.c, from niceness 0 to 19:
/// each weight is about 1.25 times the next.
#[rustfmt::skip]
const WEIGHTS: [u64; 20] = [
    1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
     110,  87,  70,  56,  45,  36,  29,  23,  18,  15,
];

/// Steps of niceness between the two, and the CPU time in milliseconds after
/// which the spinner looks at its rival's clock. A CPU is handed over in
/// slices of some milliseconds: the fewer slices, the longer it takes to see.
const PAIRS: [(i32, u64); 5] =
    [(0, 100), (1, 100), (5, 150), (10, 250), (19, 250)];

pub(crate) fn run() -> Result {
    // Nobody can go below the niceness that this lesson was started at.
    let low = niceness(getpid())?.max(0);
    say!("             measured  by weight");
    for (step, budget) in PAIRS {
        let pair = [low, (low + step).min(19)];
        print(pair, compete(pair, Duration::from_millis(budget))?);
    }
    Ok(())
}

fn print(pair: [i32; 2], used: [u64; 2]) {
    let weights = pair.map(|niceness| WEIGHTS[niceness as usize]);
    say!("");
    for one in [0, 1] {
        let share = percent(used[one], used);
        let promised = percent(weights[one], weights);
        let bar = "█".repeat((share * 0.4).round().max(1.0) as usize);
        let niceness = pair[one];
        say!("niceness {niceness:2}  {share:6.1} %   {promised:6.1} %  {bar}");
    }
    let (ratio, promised) = (ratio(used), ratio(weights));
    say!("ratio         {ratio:6.2}     {promised:6.2}");
}

fn percent(part: u64, both: [u64; 2]) -> f64 {
    100.0 * part as f64 / (both[0] + both[1]) as f64
}

fn ratio([first, second]: [u64; 2]) -> f64 {
    first as f64 / second as f64
}

/// Lets two spinners share one CPU; returns the nanoseconds each got of it.
fn compete(pair: [i32; 2], budget: Duration) -> Result<[u64; 2]> {
    let (gate, opener) = pipe().context("cannot make a pipe")?;
    let used = shared_numbers()?;
    let parent = getpid();

    // SAFETY: this process has one thread.
    let rival = match unsafe { fork() }.context("cannot fork the rival")? {
        ForkResult::Child => {
            drop(opener);
            exit_child(rival(gate, parent, burn))
        }
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    let spinner = match unsafe { fork() }.context("cannot fork the spinner")? {
        ForkResult::Child => {
            drop(opener);
            exit_child(spinner(gate, rival, budget, used))
        }
        ForkResult::Parent { child } => child,
    };

    // From outside, while both wait at the gate.
    let cpu = first_allowed_cpu()?;
    for (pid, niceness) in [(spinner, pair[0]), (rival, pair[1])] {
        sched_setaffinity(pid, &cpu).context("cannot pin a spinner")?;
        set_niceness(pid, niceness).context("cannot set a niceness")?;
    }
    drop(opener); // end of file: the gate is open

    expect_success(waitpid(spinner, None)?)?;
    kill(rival, Signal::SIGKILL)?;
    waitpid(rival, None)?;
    Ok([used[0].load(Relaxed), used[1].load(Relaxed)])
}

fn spinner(
    gate: OwnedFd,
    rival: Pid,
    budget: Duration,
    used: &Numbers,
) -> Result {
    role("spinner");
    read(&gate, &mut [0])?;
    spin_until(budget)?;
    // While this process is on the CPU that both share, its rival is not:
    // the rival's clock stands still and can be read without a race.
    let rivals: Duration = clock_gettime(clock_getcpuclockid(rival)?)?.into();
    used[0].store(cpu_time()?.as_nanos() as u64, Relaxed);
    used[1].store(rivals.as_nanos() as u64, Relaxed);
    Ok(())
}
