//! Results as tables in Markdown.

use crate::figure::Figure;
use crate::plan::GROUPS;
use crate::results::Results;
use crate::row::{Row, Unit, Way, three_digits};

/// What Rust may take for the same calls, in multiples of C.
pub(crate) const ALLOWED: f64 = 1.05;

/// All tables, each below its heading.
pub(crate) fn tables(rows: &[Row], results: &Results) -> String {
    let mut text = String::new();
    let groups = GROUPS.iter().copied();
    let curves = [
        ("size", "By the parent's size"),
        ("tree", "By the tree's size"),
        ("producers", "By the number of producers"),
    ];
    for (group, heading) in groups.chain(curves) {
        let table = table(rows, results, group);
        if !table.is_empty() {
            text.push_str(&format!("## {heading}\n\n{table}\n"));
        }
    }
    text
}

/// The table of one group; empty if nothing of it was measured.
pub(crate) fn table(rows: &[Row], results: &Results, group: &str) -> String {
    let mut lines = String::new();
    for row in rows.iter().filter(|row| row.group == group) {
        let mut title = row.title.clone();
        for way in &row.ways {
            let Some(figure) = results.figure(&row.id, &way.name()) else {
                continue;
            };
            let ratio = ratio_of(row, way, results);
            let figures = shown(row.unit, figure);
            let name = way.name();
            lines.push_str(&format!(
                "| {title} | {name} | {figures} | {ratio} |\n"
            ));
            title.clear();
        }
    }
    match lines.is_empty() {
        true => lines,
        false => format!(
            "| work | way | median (range) | times C |\n\
             |---|---|---|---|\n{lines}"
        ),
    }
}

/// `125 µs (121 µs to 130 µs)`: a rate's range begins with the slowest.
fn shown(unit: Unit, figure: Figure) -> String {
    match unit {
        Unit::Each(_) => figure.shown(|ns| unit.show(ns)),
        Unit::Messages | Unit::Mebibytes => {
            figure.inverted(1.0).shown(|rate| unit.show(rate.recip()))
        }
    }
}

fn ratio_of(row: &Row, way: &Way, results: &Results) -> String {
    let Some(ratio) = results.to_floor(row, way) else { return String::new() };
    if row.floor().is_some_and(|floor| floor.name() == way.name()) {
        return "1".to_owned();
    }
    let same = if way.is_same { ", same calls" } else { "" };
    ratio.shown(three_digits) + same
}

/// How Rust stands to C where both make the same calls: one line, then one
/// for each row that is above what is allowed.
pub(crate) fn verdict(rows: &[Row], results: &Results) -> String {
    let mut all = 0;
    let mut over = String::new();
    for row in rows {
        for way in row.ways.iter().filter(|way| way.is_same) {
            let Some(ratio) = results.to_floor(row, way) else { continue };
            all += 1;
            if ratio.median > ALLOWED {
                let ratio = ratio.shown(three_digits);
                over.push_str(&format!("  {}: {ratio}\n", row.id));
            }
        }
    }
    let within = all - over.lines().count();
    match all {
        0 => String::new(),
        _ => format!(
            "Rust within {ALLOWED} of C, by the same calls: {within} of {all}\n\
             {over}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{table, verdict};
    use crate::results::Results;
    use crate::row::{Row, Unit};

    /// A row with these results of C and of Rust, round by round.
    fn measured(rounds: &[(f64, f64)]) -> (Vec<Row>, Results) {
        let row = Row::new("g", "a", "work", "work", Unit::Each("process"))
            .c("x", "x", 1)
            .same("y", "y", 1);
        let mut results = Results::default();
        for (c, rust) in rounds {
            results.add(&row, &row.ways[0], *c);
            results.add(&row, &row.ways[1], *rust);
        }
        (vec![row], results)
    }

    #[test]
    fn a_table_shows_medians_with_their_ranges_and_ratios() {
        let rounds = [(100.0, 100.0), (100.0, 101.0), (100.0, 102.0)];
        let (rows, results) = measured(&rounds);
        let table = table(&rows, &results, "g");
        let lines: Vec<&str> = table.lines().skip(2).collect();
        let c = "| work | C x | 100 ns (100 ns to 100 ns) | 1 |";
        let rust = "|  | Rust y | 101 ns (90.2 ns to 113 ns) | \
                    1.01 (0.902 to 1.13), same calls |";
        assert_eq!(lines, [c, rust]);
    }

    #[test]
    fn two_rounds_are_shown_without_a_range() {
        let (rows, results) = measured(&[(100.0, 100.0), (200.0, 210.0)]);
        let table = table(&rows, &results, "g");
        assert!(table.contains("| Rust y | 155 ns | 1.02, same calls |"));
    }

    #[test]
    fn a_ratio_above_what_is_allowed_is_named() {
        let (rows, good) = measured(&[(100.0, 105.0)]);
        assert!(verdict(&rows, &good).ends_with("1 of 1\n"));
        let (rows, bad) = measured(&[(100.0, 106.0)]);
        let verdict = verdict(&rows, &bad);
        assert!(verdict.contains("0 of 1\n  a: 1.06"), "{verdict}");
    }
}
