//! How far a class is, where somebody watches.

use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use class::{Done, Outcome};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Of fewer submissions the time of the next ones cannot be told.
const KNOWN: u64 = 8;

/// A bar, if standard error is a terminal.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    begun: Instant,
    /// Judged in this run.
    new: Cell<u64>,
    open: Cell<u64>,
}

impl Bar {
    pub(crate) fn new(all: usize) -> Self {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(all as u64), target);
        let style = "{bar:24} {pos} of {len}{msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar, begun: Instant::now(), new: 0.into(), open: 0.into() }
    }

    pub(crate) fn count(&self, done: &Done) {
        self.bar.inc(1);
        if !done.is_old {
            self.new.set(self.new.get() + 1);
        }
        if done.outcome != Outcome::Judged {
            self.open.set(self.open.get() + 1);
        }
        let left = self.bar.length().unwrap_or(0) - self.bar.position();
        let time = left_after(self.begun.elapsed(), self.new.get(), left);
        let time = time.map(|it| format!(", about {} left", said(it)));
        let open = match self.open.get() {
            0 => String::new(),
            open => format!(", {open} without a verdict"),
        };
        self.bar.set_message(format!("{}{open}", time.unwrap_or_default()));
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How long the rest takes, if it takes as long as those before: by the mean
/// over the whole run, because a few that hang take most of the time.
fn left_after(spent: Duration, done: u64, left: u64) -> Option<Duration> {
    let is_known = done >= KNOWN;
    is_known.then(|| spent.mul_f64(left as f64 / done as f64))
}

fn said(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds @ 100..=5999 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{left_after, said};
    use std::time::Duration;

    #[test]
    fn the_rest_is_told_by_the_mean_and_not_before_it_is_known() {
        let spent = Duration::from_secs(80);
        assert_eq!(left_after(spent, 7, 20), None);
        assert_eq!(left_after(spent, 8, 20), Some(Duration::from_secs(200)));
        assert_eq!(said(Duration::from_secs(200)), "4 min");
        assert_eq!(said(Duration::from_secs(7260)), "2 h 1 min");
    }
}
