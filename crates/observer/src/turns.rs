//! Whose report is next.
//!
//! wait4(2) looks at the tracees in the order in which they came, and returns
//! the first that has a report. On a busy CPU one that makes call after call
//! has one each time the keeper looks: those behind it would never be heard,
//! and it may wait for just them.

use std::collections::VecDeque;

use nix::errno::Errno;

use crate::ptrace::{Report, Tid};

/// After so many reports everybody is heard who has one.
const REPORTS: u32 = 64;

/// Reports that are taken and not handled yet.
#[derive(Debug)]
pub(crate) struct Turns<R = Report> {
    taken: VecDeque<(Tid, R)>,
    /// Reports since everybody was heard.
    since: u32,
}

impl<R> Default for Turns<R> {
    fn default() -> Self {
        Self { taken: VecDeque::new(), since: 0 }
    }
}

impl<R> Turns<R> {
    /// The next report, from `source` if none is left of what was taken.
    ///
    /// # Errors
    /// Those of `source`, which is asked whether to block.
    pub(crate) fn next(
        &mut self,
        block: bool,
        source: impl Fn(bool) -> Result<Option<(Tid, R)>, Errno>,
    ) -> Result<Option<(Tid, R)>, Errno> {
        if let Some(taken) = self.taken.pop_front() {
            return Ok(Some(taken));
        }
        let first = source(block)?;
        self.since += 1;
        if first.is_some() && self.since >= REPORTS {
            self.since = 0;
            // Nobody is resumed meanwhile: each has one report at most, or
            // two where a signal kills it in its stop.
            while let Ok(Some(report)) = source(false) {
                self.taken.push_back(report);
            }
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::{REPORTS, Turns};

    #[test]
    fn who_reports_without_end_keeps_nobody_from_being_heard() {
        let mut turns = Turns::default();
        let heard_at = std::cell::Cell::new(0);
        for round in 1..=3 * REPORTS {
            // Both have a report; the first in the list stands still until
            // what it has told is handled.
            let first_tells = std::cell::Cell::new(true);
            let source = |_| {
                if first_tells.replace(false) {
                    return Ok(Some((1, "call")));
                }
                let is_new = heard_at.replace(round) == 0;
                Ok(is_new.then_some((2, "call")))
            };
            let (tid, _) = turns.next(true, source).unwrap().unwrap();
            if tid == 2 {
                assert!(round <= REPORTS + 1);
                return;
            }
        }
        panic!("the second was never heard");
    }

    #[test]
    fn an_error_while_others_are_asked_loses_no_report() {
        let mut turns = Turns { since: REPORTS, ..Turns::default() };
        let source = |block| match block {
            true => Ok(Some((1, "end"))),
            false => Err(nix::errno::Errno::ECHILD),
        };
        assert_eq!(turns.next(true, source), Ok(Some((1, "end"))));
    }
}
