//! Clock time to places, with long idle gaps folded.

use crate::story::Story;

/// Where an instant stands, from 0 to 1.
pub(crate) struct Scale {
    /// Instants at which something happened, and their places.
    knots: Vec<(u64, f64)>,
    pub(crate) folds: Vec<Fold>,
}

/// A gap that is drawn shorter than it was.
pub(crate) struct Fold {
    pub(crate) from_us: u64,
    pub(crate) until_us: u64,
}

impl Scale {
    pub(crate) fn new(story: &Story) -> Self {
        let mut instants = vec![0, story.end_us];
        for process in &story.processes {
            instants.push(process.birth.t_us);
            instants.extend(process.marks.iter().map(|mark| mark.at.t_us));
            for span in &process.spans {
                instants.extend([span.from_us, span.until_us]);
            }
        }
        instants.retain(|&t_us| t_us <= story.end_us);
        instants.sort_unstable();
        instants.dedup();
        let gaps: Vec<u64> = instants.windows(2).map(|w| w[1] - w[0]).collect();
        let longest = longest_gap(&gaps);
        let shown = |gap: u64| gap_as_float(gap).min(longest);
        let whole: f64 = gaps.iter().map(|&gap| shown(gap)).sum();
        let whole = whole.max(f64::MIN_POSITIVE);
        let mut knots = vec![(instants[0], 0.0)];
        let mut folds = Vec::new();
        let mut place = 0.0;
        for (pair, &gap) in instants.windows(2).zip(&gaps) {
            place += shown(gap) / whole;
            knots.push((pair[1], place));
            if gap_as_float(gap) > longest * 1.5 {
                folds.push(Fold { from_us: pair[0], until_us: pair[1] });
            }
        }
        Self { knots, folds }
    }

    pub(crate) fn at(&self, t_us: u64) -> f64 {
        let behind = self.knots.partition_point(|&(knot, _)| knot <= t_us);
        let Some(&(next, end)) = self.knots.get(behind) else { return 1.0 };
        let Some(&(last, from)) =
            behind.checked_sub(1).and_then(|at| self.knots.get(at))
        else {
            return 0.0;
        };
        let part = gap_as_float(t_us - last) / gap_as_float(next - last);
        from + (end - from) * part
    }

    fn instant(&self, place: f64) -> u64 {
        let behind = self.knots.partition_point(|&(_, knot)| knot <= place);
        let last = behind.checked_sub(1).and_then(|at| self.knots.get(at));
        match (last, self.knots.get(behind)) {
            (Some(&(from, left)), Some(&(until, right))) => {
                let part = (place - left) / (right - left);
                let passed = gap_as_float(until - from) * part;
                from + passed as u64
            }
            (Some(&(end, _)), None) => end,
            (None, _) => 0,
        }
    }
}

fn gap_as_float(gap: u64) -> f64 {
    gap as f64
}

/// The part of a scale in which there is something to see, from the first
/// process's birth to the last one's end.
pub(crate) struct Window {
    pub(crate) scale: Scale,
    left: f64,
    width: f64,
}

impl Window {
    pub(crate) fn new(story: &Story) -> Self {
        let scale = Scale::new(story);
        let births = story.processes.iter().map(|me| me.birth.t_us);
        let ends = (0..story.processes.len())
            .map(|process| story.gone_us(process).unwrap_or(story.end_us));
        let from_us = births.min().unwrap_or(0);
        let until_us = ends.max().unwrap_or(story.end_us).max(from_us);
        let left = scale.at(from_us);
        let width = (scale.at(until_us) - left).max(1e-9);
        Self { scale, left, width }
    }

    /// Where an instant stands, from 0 to 1.
    pub(crate) fn at(&self, t_us: u64) -> f64 {
        ((self.scale.at(t_us) - self.left) / self.width).clamp(0.0, 1.0)
    }

    /// The instant that stands there.
    pub(crate) fn instant(&self, place: f64) -> u64 {
        self.scale.instant(self.left + place * self.width)
    }
}

/// The longest gap that is drawn to scale: no gap may take more than a share
/// of the picture, unless all are alike.
fn longest_gap(gaps: &[u64]) -> f64 {
    let max = gaps.iter().copied().max().unwrap_or(1).max(1);
    let max = gap_as_float(max);
    if gaps.iter().all(|&gap| gap == 0) {
        return max;
    }
    let share = (1.5 / gap_as_float(gaps.len().max(1) as u64)).max(0.15);
    let mut longest = max;
    for _ in 0..60 {
        let whole: f64 =
            gaps.iter().map(|&gap| gap_as_float(gap).min(longest)).sum();
        longest = longest.min(whole * share);
    }
    // Folding costs the truth of the scale; it must gain much.
    if longest * 4.0 < max { longest.max(f64::MIN_POSITIVE) } else { max }
}

#[cfg(test)]
mod tests {
    use super::{Scale, longest_gap};

    #[test]
    fn a_long_sleep_does_not_squeeze_the_rest() {
        let mut gaps = vec![10; 40];
        gaps.push(1_900_000);
        let longest = longest_gap(&gaps);
        assert!((10.0..200.0).contains(&longest), "{longest}");
    }

    #[test]
    fn an_instant_is_found_where_it_stands() {
        let knots = vec![(0, 0.0), (100, 0.5), (1_000, 1.0)];
        let scale = Scale { knots, folds: Vec::new() };
        for t_us in [0, 50, 100, 550, 1_000] {
            assert_eq!(scale.instant(scale.at(t_us)), t_us);
        }
    }

    #[test]
    fn gaps_that_are_alike_keep_their_scale() {
        for gaps in [vec![], vec![0], vec![500; 4], vec![3, 4, 5, 9]] {
            let max = gaps.iter().copied().max().unwrap_or(1).max(1);
            assert!(longest_gap(&gaps) >= super::gap_as_float(max));
        }
    }
}
