//! Whether a machine had time for a run.

use std::fs;
use std::time::{Duration, Instant};

/// The time since a moment, and how much of it this thread, which nearly
/// always sleeps, has waited for a CPU.
#[derive(Debug)]
pub(crate) struct Clock {
    begun: Instant,
    waited: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { begun: Instant::now(), waited: waited_for_cpu() }
    }

    /// Whether it has waited for more than a quarter of the time: so have all
    /// others, and a limit in seconds says nothing of the program.
    pub(crate) fn is_starved(&self) -> bool {
        let waited = waited_for_cpu().saturating_sub(self.waited);
        is_much(waited, self.begun.elapsed())
    }
}

fn is_much(waited: Duration, of: Duration) -> bool {
    waited * 4 > of
}

/// Since this thread began; nothing, where the kernel does not count it.
fn waited_for_cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat");
    Duration::from_nanos(text.map_or(0, |it| nanoseconds_waited(&it)))
}

/// The second number: time on a CPU, time waiting for one, turns.
fn nanoseconds_waited(schedstat: &str) -> u64 {
    let second = schedstat.split_whitespace().nth(1);
    second.and_then(|it| it.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{is_much, nanoseconds_waited, waited_for_cpu};
    use std::time::Duration;

    #[test]
    fn a_quarter_of_the_time_is_much() {
        let seconds = Duration::from_secs;
        assert!(is_much(seconds(2), seconds(5)));
        assert!(!is_much(seconds(1), seconds(5)));
    }

    #[test]
    fn the_wait_for_a_cpu_is_the_second_number() {
        assert_eq!(nanoseconds_waited("882156 1831621 2\n"), 1_831_621);
        assert_eq!(nanoseconds_waited(""), 0);
        let before = waited_for_cpu();
        assert!(waited_for_cpu() >= before);
    }
}
