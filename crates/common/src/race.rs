//! `--naive --runs N`: a race is shown by counting.

use crate::{Error, Result, say};

/// The same task in two versions, the naive one and the right one.
///
/// Each function does the task once, without output, and returns whether the
/// result was wrong.
#[derive(Clone, Copy, Debug)]
pub struct Race {
    name: &'static str,
    naive: fn() -> Result<bool>,
    right: fn() -> Result<bool>,
}

impl Race {
    /// `name` says what goes wrong: "the last item is missing".
    pub const fn new(
        name: &'static str,
        naive: fn() -> Result<bool>,
        right: fn() -> Result<bool>,
    ) -> Self {
        Self { name, naive, right }
    }

    pub(crate) fn count(&self, runs: u32) -> Result {
        let naive = wrong_runs(self.naive, runs)?;
        let right = wrong_runs(self.right, runs)?;
        let name = self.name;
        say!("{name}: naive wrong in {naive} of {runs} runs, right in {right}");
        match right {
            0 => Ok(()),
            _ => Err(Error::new(format!(
                "{name}: the right version went wrong {right} times"
            ))),
        }
    }
}

fn wrong_runs(task: fn() -> Result<bool>, runs: u32) -> Result<u32> {
    let mut wrong = 0;
    for _ in 0..runs {
        wrong += u32::from(task()?);
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::{Race, wrong_runs};

    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[test]
    fn every_run_is_counted() {
        let every_second = || Ok(RUNS.fetch_add(1, Relaxed).is_multiple_of(2));
        assert_eq!(wrong_runs(every_second, 5).unwrap(), 3);
        assert_eq!(RUNS.load(Relaxed), 5);
    }

    #[test]
    fn a_right_version_that_goes_wrong_is_an_error() {
        let (wrong, right) = (|| Ok(true), || Ok(false));
        assert!(Race::new("wrong", right, wrong).count(2).is_err());
        assert!(Race::new("right", wrong, right).count(2).is_ok());
    }
}
