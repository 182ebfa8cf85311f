//! What was measured: for each row and way the results of all rounds.

use std::collections::BTreeMap;
use std::fmt::Write;

use common::{Error, Result};

use crate::figure::Figure;
use crate::row::{Row, Way};

/// Nanoseconds for one, round by round, under the row's id and the way's
/// name; and lines about the machine.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Results {
    pub(crate) about: Vec<String>,
    rounds: BTreeMap<(String, String), Vec<f64>>,
}

impl Results {
    pub(crate) fn add(&mut self, row: &Row, way: &Way, ns: f64) {
        let key = (row.id.clone(), way.name());
        self.rounds.entry(key).or_default().push(ns);
    }

    /// The results of one way; `name` is as `Way::name` has it.
    pub(crate) fn figure(&self, id: &str, name: &str) -> Option<Figure> {
        Figure::of(self.of(id, name)?.iter().copied())
    }

    /// How many times as long one takes as another in the same round.
    pub(crate) fn ratio(
        &self,
        (id, name): (&str, &str),
        (floor_id, floor): (&str, &str),
    ) -> Option<Figure> {
        let (these, those) = (self.of(id, name)?, self.of(floor_id, floor)?);
        Figure::of(these.iter().zip(those).map(|(this, that)| this / that))
    }

    /// The same, to the floor of the row.
    pub(crate) fn to_floor(&self, row: &Row, way: &Way) -> Option<Figure> {
        let floor = row.floor()?.name();
        self.ratio((&row.id, &way.name()), (&row.id, &floor))
    }

    fn of(&self, id: &str, name: &str) -> Option<&Vec<f64>> {
        self.rounds.get(&(id.to_owned(), name.to_owned()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rounds.is_empty()
    }

    /// As a file: lines about the machine with `#`, then a line for each way.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for line in &self.about {
            text.push_str(&format!("# {line}\n"));
        }
        for ((id, name), values) in &self.rounds {
            text.push_str(&format!("{id}\t{name}"));
            for value in values {
                write!(text, "\t{value}").ok();
            }
            text.push('\n');
        }
        text
    }

    pub(crate) fn of_text(text: &str) -> Result<Self> {
        let mut results = Self::default();
        for line in text.lines() {
            if let Some(about) = line.strip_prefix("# ") {
                results.about.push(about.to_owned());
                continue;
            }
            let mut parts = line.split('\t');
            let (Some(id), Some(name)) = (parts.next(), parts.next()) else {
                return Err(Error::new(format!("no result: '{line}'")));
            };
            let values = parts
                .map(|value| match value.parse::<f64>() {
                    Ok(ns) if ns > 0.0 && ns.is_finite() => Ok(ns),
                    _ => Err(Error::new(format!("no result: '{value}'"))),
                })
                .collect::<Result<Vec<f64>>>()?;
            results.rounds.insert((id.to_owned(), name.to_owned()), values);
        }
        match results.is_empty() {
            true => Err(Error::new("it holds no results")),
            false => Ok(results),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Results;
    use crate::figure::Figure;
    use crate::row::{Row, Unit};

    fn results() -> (Row, Results) {
        let row = Row::new("g", "a", "title", "work", Unit::Messages)
            .c("x", "x", 1)
            .same("y", "y", 1);
        let mut results = Results::default();
        for (c, rust) in [(10.0, 20.0), (20.0, 30.0), (10.0, 10.0)] {
            results.add(&row, &row.ways[0], c);
            results.add(&row, &row.ways[1], rust);
        }
        (row, results)
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let (row, results) = results();
        let ratio = results.to_floor(&row, &row.ways[1]).unwrap();
        let rounds = [2.0, 1.5, 1.0].into_iter();
        assert_eq!(Some(ratio), Figure::of(rounds));
    }

    #[test]
    fn results_come_back_from_their_file() {
        let (_, mut results) = results();
        results.about.push("a machine".into());
        let again = Results::of_text(&results.to_text()).unwrap();
        assert_eq!(again, results);
    }

    #[test]
    fn a_file_without_results_is_refused() {
        for text in ["", "# only a comment\n", "a\tb\tzero\n", "a\tb\t-1\n"] {
            assert!(Results::of_text(text).is_err(), "{text:?}");
        }
    }
}
