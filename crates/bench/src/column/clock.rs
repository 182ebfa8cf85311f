//! One clock for all processes, the median of what it showed, and a CPU to
//! stay on.

use common::{Context, Error, Result};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// Nanoseconds of `CLOCK_MONOTONIC`: read without entering the kernel, and
/// the same in every process.
pub(crate) fn now() -> i64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC)
        .expect("every Linux has this clock");
    time.tv_sec() * 1_000_000_000 + time.tv_nsec()
}

/// The median of `count` runs, in nanoseconds, after a few that do not count.
pub(crate) fn median_of(
    count: usize,
    mut run: impl FnMut() -> Result,
) -> Result<f64> {
    for _ in 0..count.div_ceil(3).min(3) {
        run()?;
    }
    // Written to before the first run: none of them pays for its pages.
    let mut times = vec![1; count];
    for time in &mut times {
        let begun = now();
        run()?;
        *time = now() - begun;
    }
    median(&mut times)
}

/// The median. Below a microsecond it is the mean of the middle half: clocks
/// tick in steps, some of 10 ns, and all times are one of two numbers then.
pub(crate) fn median(times: &mut [i64]) -> Result<f64> {
    times.sort_unstable();
    let count = times.len();
    match times.get(count / 2) {
        Some(middle) if *middle < 1000 => {
            let half = &times[count / 4..count - count / 4];
            Ok(half.iter().sum::<i64>() as f64 / half.len() as f64)
        }
        Some(middle) => Ok(*middle as f64),
        None => Err(Error::new("nothing was measured")),
    }
}

/// Keeps this process, and those that it forks from now on, on one CPU.
pub(crate) fn pin(cpu: usize) -> Result {
    let mut set = CpuSet::new();
    set.set(cpu).context(format_args!("there is no CPU {cpu}"))?;
    sched_setaffinity(Pid::from_raw(0), &set)
        .context(format_args!("cannot stay on CPU {cpu}"))
}
