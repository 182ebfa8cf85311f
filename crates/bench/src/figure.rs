//! A figure, and the range in which another run finds it.
//!
//! The range is a prediction interval: with `m` and `s` the mean and the
//! standard deviation of the logarithms of `n` rounds, it is
//! `m ± t · s · √(1 + 1/n)`, where `t` is the quantile of Student's
//! distribution with `n - 1` degrees of freedom that leaves out 1 in 100. One
//! more round lies in it with this probability. The figure of another run is a
//! median of rounds and strays less than one of them: that is left as room for
//! what differs between two runs and not between the rounds of one. What that
//! is worth is computed in `coverage`.

use std::f64::consts::PI;

/// How often another run's figure lies in the range, at least.
pub(crate) const SURE: f64 = 0.99;
/// Two rounds say next to nothing of how rounds differ.
const FEWEST: usize = 3;

/// The median of some rounds, with its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    /// `None` of fewer than three rounds.
    pub(crate) range: Option<Range>,
}

/// Where another run finds its figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Figure {
    /// `rounds` are positive; `None` if there are none.
    pub(crate) fn of(rounds: impl Iterator<Item = f64>) -> Option<Self> {
        let mut rounds: Vec<f64> = rounds.collect();
        rounds.sort_by(f64::total_cmp);
        let middle = rounds.len() / 2;
        let median = match rounds.len() % 2 {
            _ if rounds.is_empty() => return None,
            1 => rounds[middle],
            _ => f64::midpoint(rounds[middle - 1], rounds[middle]),
        };
        Some(Self { median, range: Range::of(&rounds) })
    }

    /// What a picture has to hold: the range, or the figure alone.
    pub(crate) fn ends(self) -> [f64; 2] {
        match self.range {
            Some(Range { least, most }) => [least, most],
            None => [self.median; 2],
        }
    }

    /// `12.3 (12.0 to 12.6)`, each as `show` has it.
    pub(crate) fn shown(self, show: impl Fn(f64) -> String) -> String {
        let median = show(self.median);
        match self.range {
            Some(Range { least, most }) => {
                format!("{median} ({} to {})", show(least), show(most))
            }
            None => median,
        }
    }

    /// A time as a rate: the least time is the highest rate.
    pub(crate) fn inverted(self, unit: f64) -> Self {
        let range = self.range.map(|Range { least, most }| Range {
            least: unit / most,
            most: unit / least,
        });
        Self { median: unit / self.median, range }
    }
}

impl Range {
    /// `rounds` are sorted.
    fn of(rounds: &[f64]) -> Option<Self> {
        if rounds.len() < FEWEST {
            return None;
        }
        let count = rounds.len() as f64;
        let logs = || rounds.iter().map(|round| round.ln());
        let mean = logs().sum::<f64>() / count;
        let squares: f64 = logs().map(|log| (log - mean).powi(2)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        let half = student(rounds.len() - 1)
            * deviation
            * (1.0 + count.recip()).sqrt();
        // No round lies outside, and no rounding of a logarithm takes it out.
        Some(Self {
            least: (mean - half).exp().min(rounds[0]),
            most: (mean + half).exp().max(rounds[rounds.len() - 1]),
        })
    }

    pub(crate) fn holds(self, figure: f64) -> bool {
        (self.least..=self.most).contains(&figure)
    }
}

/// Between minus and plus this lies Student's t with the probability `SURE`.
fn student(freedom: usize) -> f64 {
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        match probability_within(middle, freedom) < SURE {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

/// How probable it is that Student's t lies between `-t` and `t`: a finite
/// series in the angle whose tangent is `t / √freedom`.
fn probability_within(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let is_odd = freedom % 2 == 1;
    let mut term = if is_odd { cosine } else { 1.0 };
    let mut sum = 0.0;
    let mut power = if is_odd { 1 } else { 0 };
    while power + 2 <= freedom {
        sum += term;
        let next = (power + 1) as f64;
        term *= next / (next + 1.0) * cosine * cosine;
        power += 2;
    }
    match is_odd {
        true => 2.0 / PI * (angle + sine * sum),
        false => sine * sum,
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, student};

    #[test]
    fn the_quantiles_are_those_of_the_printed_tables() {
        let printed = [
            (1, 63.657),
            (2, 9.925),
            (3, 5.841),
            (4, 4.604),
            (5, 4.032),
            (6, 3.707),
            (9, 3.250),
            (10, 3.169),
            (30, 2.750),
            (60, 2.660),
        ];
        for (freedom, wanted) in printed {
            let found = student(freedom);
            assert!((found - wanted).abs() < 0.0006, "{freedom}: {found}");
        }
    }

    #[test]
    fn a_range_is_computed_from_the_logarithms_of_the_rounds() {
        let figure = Figure::of([1.0, 100.0, 10.0].into_iter()).unwrap();
        // Mean 10, deviation a factor of 10; 9.925 · √(4/3) = 11.46 of them.
        assert!((figure.median - 10.0).abs() < 1e-9);
        let range = figure.range.unwrap();
        assert!((range.most.log10() - 12.46).abs() < 0.005, "{range:?}");
        assert!((range.least.log10() + 10.46).abs() < 0.005, "{range:?}");
    }

    #[test]
    fn rounds_that_are_all_alike_lie_in_their_range() {
        let figure = Figure::of([4.1; 6].into_iter()).unwrap();
        assert!(figure.range.unwrap().holds(4.1), "{figure:?}");
    }

    #[test]
    fn two_rounds_have_a_figure_and_no_range() {
        let figure = Figure::of([1.0, 3.0].into_iter()).unwrap();
        assert_eq!(figure, Figure { median: 2.0, range: None });
        assert_eq!(figure.shown(|value| format!("{value}")), "2");
        assert_eq!(Figure::of(std::iter::empty()), None);
    }

    #[test]
    fn a_rate_has_its_range_the_other_way_round() {
        let figure = Figure::of([1.0, 2.0, 4.0].into_iter()).unwrap();
        let rate = figure.inverted(8.0);
        let (time, rate) = (figure.range.unwrap(), rate.range.unwrap());
        assert!(rate.least < rate.most);
        assert!((rate.least * time.most - 8.0).abs() < 1e-9);
    }
}
