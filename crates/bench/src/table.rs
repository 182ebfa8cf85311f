//! Results as tables in Markdown.

use crate::plan::GROUPS;
use crate::results::{Range, Results};
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
            let Some(range) = results.range(&row.id, &way.name()) else {
                continue;
            };
            let ratio = ratio_of(row, way, results);
            let figures = shown(row.unit, range);
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
            "| work | way | median (least to most) | times C |\n\
             |---|---|---|---|\n{lines}"
        ),
    }
}

/// `125 µs (121 to 130 µs)`: a rate's least is its slowest run.
fn shown(unit: Unit, range: Range) -> String {
    let (least, most) = match unit {
        Unit::Each(_) => (range.least, range.most),
        Unit::Messages | Unit::Mebibytes => (range.most, range.least),
    };
    let median = unit.show(range.median);
    format!("{median} ({} to {})", unit.show(least), unit.show(most))
}

fn ratio_of(row: &Row, way: &Way, results: &Results) -> String {
    let Some(ratio) = results.to_floor(row, way) else { return String::new() };
    if row.floor().is_some_and(|floor| floor.name() == way.name()) {
        return "1".to_owned();
    }
    let same = if way.is_same { ", same calls" } else { "" };
    let (median, least) = (three_digits(ratio.median), ratio.least);
    let (least, most) = (three_digits(least), three_digits(ratio.most));
    format!("{median} ({least} to {most}){same}")
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
                let median = three_digits(ratio.median);
                let least = three_digits(ratio.least);
                let most = three_digits(ratio.most);
                over.push_str(&format!(
                    "  {}: {median} ({least} to {most})\n",
                    row.id
                ));
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

/// Which ratios to C an earlier run's range does not hold: one line, then one
/// for each.
pub(crate) fn repeated(
    rows: &[Row],
    results: &Results,
    earlier: &Results,
) -> String {
    let mut all = 0;
    let mut outside = String::new();
    for row in rows {
        for way in &row.ways {
            let ranges = results
                .to_floor(row, way)
                .zip(earlier.to_floor(row, way))
                .filter(|_| row.floor().is_some_and(|it| it != way));
            let Some((now, before)) = ranges else { continue };
            all += 1;
            if now.median < before.least || now.median > before.most {
                outside += &format!(
                    "  {}, {}: {}, before {} ({} to {})\n",
                    row.id,
                    way.name(),
                    three_digits(now.median),
                    three_digits(before.median),
                    three_digits(before.least),
                    three_digits(before.most)
                );
            }
        }
    }
    let within = all - outside.lines().count();
    format!(
        "ratios to C within the range of the earlier run: {within} of {all}\n\
         {outside}"
    )
}

#[cfg(test)]
mod tests {
    use super::{repeated, table, verdict};
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
        let (rows, results) = measured(&[(100.0, 100.0), (200.0, 210.0)]);
        let table = table(&rows, &results, "g");
        let lines: Vec<&str> = table.lines().skip(2).collect();
        let c = "| work | C x | 150 ns (100 ns to 200 ns) | 1 |";
        let rust = "|  | Rust y | 155 ns (100 ns to 210 ns) | \
                    1.02 (1.00 to 1.05), same calls |";
        assert_eq!(lines, [c, rust]);
    }

    #[test]
    fn a_ratio_above_what_is_allowed_is_named() {
        let (rows, good) = measured(&[(100.0, 105.0)]);
        assert!(verdict(&rows, &good).ends_with("1 of 1\n"));
        let (rows, bad) = measured(&[(100.0, 106.0)]);
        let verdict = verdict(&rows, &bad);
        assert!(verdict.contains("0 of 1\n  a: 1.06"), "{verdict}");
    }

    #[test]
    fn a_ratio_outside_of_the_earlier_range_is_named() {
        let (rows, earlier) = measured(&[(100.0, 100.0), (100.0, 120.0)]);
        let (_, inside) = measured(&[(100.0, 119.0)]);
        let text = repeated(&rows, &inside, &earlier);
        assert!(text.ends_with("1 of 1\n"), "{text}");
        let (_, outside) = measured(&[(100.0, 121.0)]);
        let text = repeated(&rows, &outside, &earlier);
        assert!(text.contains("0 of 1\n  a, Rust y: 1.21"), "{text}");
    }
}
