//! Whether a run repeats an earlier one: how many of its ratios to C lie in
//! the ranges that the earlier one has stated.

use common::{Error, Result};

use crate::figure::{Figure, SURE};
use crate::results::Results;
use crate::row::{Row, three_digits};

/// One run, held against an earlier one.
#[derive(Debug)]
pub(crate) struct Repeat {
    /// Ratios that both runs have, where the earlier one has a range.
    judged: usize,
    /// Ratios whose earlier rounds were too few for a range.
    unjudged: usize,
    /// A line for each that lies outside.
    outside: Vec<String>,
}

impl Repeat {
    pub(crate) fn of(
        rows: &[Row],
        results: &Results,
        earlier: &Results,
    ) -> Self {
        let mut repeat = Self { judged: 0, unjudged: 0, outside: Vec::new() };
        for row in rows {
            let others = row
                .ways
                .iter()
                .filter(|way| row.floor().is_some_and(|floor| floor != *way));
            for way in others {
                let now = results.to_floor(row, way);
                let before = earlier.to_floor(row, way);
                if let Some((now, before)) = now.zip(before) {
                    let name = format!("{}, {}", row.id, way.name());
                    repeat.judge(&name, now, before);
                }
            }
        }
        repeat
    }

    fn judge(&mut self, name: &str, now: Figure, before: Figure) {
        match before.range {
            None => self.unjudged += 1,
            Some(range) => {
                self.judged += 1;
                if !range.holds(now.median) {
                    let now = three_digits(now.median);
                    let before = before.shown(three_digits);
                    self.outside
                        .push(format!("  {name}: {now}, before {before}\n"));
                }
            }
        }
    }

    /// How many lie outside, how many chance puts there, and which they are.
    pub(crate) fn told(&self) -> String {
        let within = self.judged - self.outside.len();
        let expected = self.judged as f64 * (1.0 - SURE);
        let most = most_by_chance(self.judged);
        let mut text = format!(
            "ratios to C within the range of the earlier run: {within} of {}\n\
             outside: {}; by chance {expected:.1} are expected, \
             and up to {most} may be\n",
            self.judged,
            self.outside.len(),
        );
        text.extend(self.outside.iter().map(String::as_str));
        if self.unjudged > 0 {
            text += &format!(
                "without a range, of fewer than three rounds: {}\n",
                self.unjudged
            );
        }
        text
    }

    /// An error if more lie outside than chance explains.
    pub(crate) fn judged(&self) -> Result {
        let (outside, most) = (self.outside.len(), most_by_chance(self.judged));
        if self.judged == 0 {
            return Err(Error::new(
                "no ratio can be held against the earlier run: it takes \
                 three rounds, with a column C",
            ));
        }
        match outside <= most {
            true => Ok(()),
            false => Err(Error::new(format!(
                "the run does not repeat the earlier one: {outside} ratios \
                 lie outside of their ranges, and by chance at most {most}"
            ))),
        }
    }
}

/// How many of `count` lie outside by chance at most: more than that do so in
/// fewer than 1 of 100 runs, if each does with a probability of 1 in 100. It
/// is the binomial distribution's bound.
fn most_by_chance(count: usize) -> usize {
    let outside = 1.0 - SURE;
    // The probability that exactly `most` lie outside, and at most `most`.
    let mut exactly = SURE.powf(count as f64);
    let mut sum = exactly;
    let mut most = 0;
    while sum < SURE && most < count {
        exactly *= (count - most) as f64 / (most + 1) as f64;
        exactly *= outside / SURE;
        sum += exactly;
        most += 1;
    }
    most
}

#[cfg(test)]
mod tests {
    use super::{Repeat, most_by_chance};
    use crate::results::Results;
    use crate::row::{Row, Unit};

    /// Rows of C and Rust; `ratio` says how long Rust takes, by row and round.
    fn run(
        rounds: usize,
        ratio: impl Fn(usize, usize) -> f64,
    ) -> (Vec<Row>, Results) {
        let row = |number: usize| {
            let id = format!("row.{number}");
            Row::new("g", id, "work", "work", Unit::Each("process"))
                .c("x", "x", 1)
                .same("y", "y", 1)
        };
        let rows: Vec<Row> = (0..ROWS).map(row).collect();
        let mut results = Results::default();
        for (number, row) in rows.iter().enumerate() {
            for round in 0..rounds {
                results.add(row, &row.ways[0], 100.0);
                results.add(row, &row.ways[1], 100.0 * ratio(number, round));
            }
        }
        (rows, results)
    }

    const ROWS: usize = 20;

    #[test]
    fn chance_explains_as_many_as_the_binomial_distribution_says() {
        // Of 1: 0.99 lie inside, which is what is asked for.
        for (count, most) in
            [(0, 0), (1, 0), (2, 1), (20, 2), (100, 4), (153, 5), (1000, 18)]
        {
            assert_eq!(most_by_chance(count), most, "of {count}");
        }
    }

    #[test]
    fn a_ratio_outside_of_the_earlier_range_is_named() {
        let spread = |_, round| [1.0, 1.01, 1.02][round];
        let (rows, earlier) = run(3, spread);
        let moved = |row, _| if row == 7 { 1.3 } else { 1.01 };
        let (_, now) = run(1, moved);
        let repeat = Repeat::of(&rows, &now, &earlier);
        let told = repeat.told();
        assert!(told.contains("19 of 20\noutside: 1;"), "{told}");
        assert!(told.contains("0.2 are expected, and up to 2 may be"));
        let line = "  row.7, Rust y: 1.30, before 1.01 (0.902 to 1.13)\n";
        assert!(told.ends_with(line), "{told}");
        assert!(repeat.judged().is_ok(), "one of 20 may be chance");
    }

    #[test]
    fn more_outside_than_chance_explains_is_an_error() {
        let (rows, earlier) = run(3, |_, round| [1.0, 1.01, 1.02][round]);
        let (_, now) = run(3, |row, _| if row < 3 { 1.3 } else { 1.01 });
        let repeat = Repeat::of(&rows, &now, &earlier);
        let error = repeat.judged().unwrap_err().to_string();
        assert!(error.contains("3 ratios lie outside"), "{error}");
    }

    #[test]
    fn an_earlier_run_of_two_rounds_judges_nothing() {
        let (rows, earlier) = run(2, |_, _| 1.0);
        let repeat = Repeat::of(&rows, &earlier, &earlier);
        assert!(repeat.told().contains("fewer than three rounds: 20\n"));
        assert!(repeat.judged().is_err());
    }
}
