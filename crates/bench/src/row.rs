//! One work and the ways to do it: a row of a table, or a point of a curve.

use std::fmt::{self, Display};

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Column {
    C,
    Rust,
    Python,
}

impl Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What one result means; all are nanoseconds for one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    /// Shown as a time: of a process, of a round trip, …
    Each(&'static str),
    /// Shown as messages a second.
    Messages,
    /// Shown as GiB a second.
    Mebibytes,
}

impl Unit {
    /// A result as people read it: three digits and a unit.
    pub(crate) fn show(self, ns: f64) -> String {
        match self {
            Self::Each(_) => {
                scaled(ns, &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")])
            }
            Self::Messages => {
                scaled(1e9 / ns, &[(1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")])
            }
            Self::Mebibytes => {
                format!("{} GiB/s", three_digits(1e9 / ns / 1024.0))
            }
        }
    }
}

fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    // 999.6 is 1000 when it is printed, and then 1.00 of the next unit.
    let fits = |(unit, _): &&(f64, &str)| value >= *unit * 0.9995;
    let last = units[units.len() - 1];
    let (unit, name) = units.iter().find(fits).copied().unwrap_or(last);
    format!("{} {name}", three_digits(value / unit))
}

/// `0.0123`, `1.23`, `12.3`, `123`, `1230`.
pub(crate) fn three_digits(value: f64) -> String {
    let before = value.abs().log10().floor();
    let behind = (2.0 - before).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.behind$}");
    // 9.996 with two digits behind is 10.00: one digit too many.
    let rounded: f64 = text.parse().unwrap_or(value);
    let before = rounded.abs().log10().floor();
    let behind = (2.0 - before).clamp(0.0, 6.0) as usize;
    format!("{value:.behind$}")
}

/// One way to do the work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    pub(crate) column: Column,
    /// As the column's program knows it.
    pub(crate) way: &'static str,
    /// As people know it.
    pub(crate) label: &'static str,
    pub(crate) count: usize,
    /// In how many processes a round does it; its result is their median.
    pub(crate) processes: usize,
    /// Makes the same calls as the first way of C.
    pub(crate) is_same: bool,
}

impl Way {
    /// `Rust fork`, `Python Process`: how results are named.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.column, self.label)
    }
}

/// One work.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) work: &'static str,
    pub(crate) unit: Unit,
    pub(crate) size: usize,
    pub(crate) senders: usize,
    pub(crate) is_on_two: bool,
    pub(crate) ways: Vec<Way>,
    /// Its place on the axis, if it is a point of a curve.
    pub(crate) at: Option<usize>,
}

impl Row {
    pub(crate) fn new(
        group: &'static str,
        id: impl Into<String>,
        title: impl Into<String>,
        work: &'static str,
        unit: Unit,
    ) -> Self {
        let (id, title) = (id.into(), title.into());
        let (size, senders, is_on_two) = (0, 0, false);
        let ways = Vec::new();
        let at = None;
        Self {
            group,
            id,
            title,
            work,
            unit,
            size,
            senders,
            is_on_two,
            ways,
            at,
        }
    }

    pub(crate) fn size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    pub(crate) fn senders(self, senders: usize) -> Self {
        Self { senders, ..self }
    }

    pub(crate) fn two_cpus(self) -> Self {
        Self { is_on_two: true, ..self }
    }

    pub(crate) fn at(self, place: usize) -> Self {
        Self { at: Some(place), ..self }
    }

    /// The first of these is the floor of the row.
    pub(crate) fn c(
        self,
        way: &'static str,
        label: &'static str,
        count: usize,
    ) -> Self {
        self.with(Column::C, way, label, count, false)
    }

    pub(crate) fn rust(
        self,
        way: &'static str,
        label: &'static str,
        count: usize,
    ) -> Self {
        self.with(Column::Rust, way, label, count, false)
    }

    /// In Rust, with the same calls as the floor.
    pub(crate) fn same(
        self,
        way: &'static str,
        label: &'static str,
        count: usize,
    ) -> Self {
        self.with(Column::Rust, way, label, count, true)
    }

    pub(crate) fn python(
        self,
        way: &'static str,
        label: &'static str,
        count: usize,
    ) -> Self {
        self.with(Column::Python, way, label, count, false)
    }

    fn with(
        mut self,
        column: Column,
        way: &'static str,
        label: &'static str,
        count: usize,
        is_same: bool,
    ) -> Self {
        // Two processes of one program differ by where their pages lie. An
        // interpreter takes longer to begin than most of the work here.
        let processes = if column == Column::Python { 1 } else { 3 };
        let way = Way { column, way, label, count, processes, is_same };
        self.ways.push(way);
        self
    }

    /// Each way, said until here, takes long: one process does it in a round.
    pub(crate) fn long(mut self) -> Self {
        for way in &mut self.ways {
            way.processes = 1;
        }
        self
    }

    /// The way that all others are compared with.
    pub(crate) fn floor(&self) -> Option<&Way> {
        self.ways.iter().find(|way| way.column == Column::C)
    }
}

#[cfg(test)]
mod tests {
    use super::{Unit, three_digits};

    #[test]
    fn a_figure_has_three_digits() {
        for (value, text) in [
            (0.01234, "0.0123"),
            (0.5, "0.500"),
            (1.234, "1.23"),
            (9.996, "10.0"),
            (99.96, "100"),
            (1234.5, "1234"),
        ] {
            assert_eq!(three_digits(value), text);
        }
    }

    #[test]
    fn a_result_is_shown_in_the_unit_that_people_would_use() {
        let time = Unit::Each("process");
        assert_eq!(time.show(125_300.0), "125 µs");
        assert_eq!(time.show(999_700.0), "1.00 ms");
        assert_eq!(time.show(0.25), "0.250 ns");
        assert_eq!(Unit::Messages.show(1000.0), "1.00 M/s");
        assert_eq!(Unit::Mebibytes.show(1e9 / 2048.0), "2.00 GiB/s");
    }
}
