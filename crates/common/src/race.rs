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
