//! Whether a machine had time for a run.

use std::time::{Duration, Instant};

use trace::{Event, What};

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

/// Since this thread began.
fn waited_for_cpu() -> Duration {
    observer::waited_for_cpu("thread-self")
}

/// Whether the keeper found, of a run that took too long, that somebody in it
/// had waited for a CPU for most of its time.
pub(crate) fn has_starved(events: &[Event]) -> bool {
    events.iter().any(
        |it| matches!(&it.what, What::Block { on, .. } if on.kind == "cpu"),
    )
}

#[cfg(test)]
mod tests {
    use super::is_much;
    use std::time::Duration;

    #[test]
    fn a_quarter_of_the_time_is_much() {
        let seconds = Duration::from_secs;
        assert!(is_much(seconds(2), seconds(5)));
        assert!(!is_much(seconds(1), seconds(5)));
    }
}
