//! How a cost grows: one line for each way, both scales logarithmic.

use crate::figure::Figure;
use crate::plan::Curve;
use crate::results::Results;
use crate::row::{Column, Row, Unit};
use crate::svg::{Decades, class, line, picture, text};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 346.0;

/// A line of the picture: points with their ranges, as people read them.
struct Line {
    name: String,
    column: Column,
    points: Vec<(f64, Figure)>,
}

/// `None` if fewer than two places were measured.
pub(crate) fn curves(
    curve: &Curve,
    rows: &[Row],
    results: &Results,
) -> Option<String> {
    let rows: Vec<&Row> =
        rows.iter().filter(|row| row.group == curve.group).collect();
    let unit = rows.first()?.unit;
    let lines = lines(&rows, results);
    let all = || lines.iter().flat_map(|line| &line.points);
    let mut places: Vec<f64> = all().map(|(place, _)| *place).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    if places.len() < 2 {
        return None;
    }
    let across =
        Decades::over(places.iter().copied(), false, (LEFT + 14.0, RIGHT));
    let ends = all().flat_map(|(_, figure)| figure.ends());
    let up = Decades::over(ends, true, (BOTTOM, TOP));
    let mut inside = frame(curve, unit, across, up, &places);
    let order = beside(&lines, up);
    for (number, (line, y)) in lines.iter().zip(order).enumerate() {
        // Dashes tell two ways of one column apart.
        let before = lines[..number].iter();
        let of_its = before.filter(|other| other.column == line.column);
        let dashes = ["none", "7 3", "2 3"][of_its.count() % 3];
        // Ranges of ways that are near to each other stand side by side.
        let aside = 3.0 * (number as f64 - (lines.len() - 1) as f64 / 2.0);
        inside += &drawn(line, dashes, across, up, (aside, y));
    }
    Some(picture(WIDTH, HEIGHT, curve.title, &inside))
}

/// One line for each way; a rate is drawn as a rate.
fn lines(rows: &[&Row], results: &Results) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        for way in &row.ways {
            let name = way.name();
            let Some(figure) = results.figure(&row.id, &name) else {
                continue;
            };
            let Some(place) = row.at else { continue };
            let point = (place as f64, as_drawn(row.unit, figure));
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(point),
                None => {
                    let (column, points) = (way.column, vec![point]);
                    lines.push(Line { name, column, points });
                }
            }
        }
    }
    lines
}

fn as_drawn(unit: Unit, figure: Figure) -> Figure {
    match unit {
        Unit::Each(_) => figure,
        Unit::Messages | Unit::Mebibytes => figure.inverted(1e9),
    }
}

/// Where the names stand: beside the last point, none over another.
fn beside(lines: &[Line], up: Decades) -> Vec<f64> {
    let last = |line: &Line| {
        line.points.last().map_or(TOP, |(_, figure)| up.place(figure.median))
    };
    let mut order: Vec<(usize, f64)> =
        lines.iter().map(last).enumerate().collect();
    order.sort_by(|(_, left), (_, right)| left.total_cmp(right));
    let mut free = TOP;
    for (_, y) in &mut order {
        *y = y.max(free);
        free = *y + 15.0;
    }
    order.sort_by_key(|(number, _)| *number);
    order.into_iter().map(|(_, y)| y).collect()
}

fn drawn(
    the: &Line,
    dashes: &str,
    across: Decades,
    up: Decades,
    (aside, name_y): (f64, f64),
) -> String {
    let class = class(the.column);
    let at = |(place, figure): &(f64, Figure)| {
        (across.place(*place), up.place(figure.median))
    };
    let path: Vec<String> = the
        .points
        .iter()
        .map(|point| {
            let (x, y) = at(point);
            format!("{x:.1},{y:.1}")
        })
        .collect();
    let mut drawn = format!(
        "<polyline points=\"{}\" class=\"line {class}\" \
         stroke-dasharray=\"{dashes}\"/>\n",
        path.join(" ")
    );
    let mut last = (RIGHT, name_y);
    for point in &the.points {
        let (x, y) = at(point);
        let [least, most] = point.1.ends().map(|end| up.place(end));
        let beside = x + aside;
        let its_own = format!("range {class}");
        drawn += &line((beside, least), (beside, most), &its_own);
        drawn += &format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" \
             class=\"{class}\"/>\n"
        );
        last = (x, y);
    }
    let beside = RIGHT + 26.0;
    drawn += &line((last.0 + 6.0, last.1), (beside - 4.0, name_y), "grid");
    drawn + &text((beside, name_y + 4.0), &class, "start", &the.name)
}

fn frame(
    curve: &Curve,
    unit: Unit,
    across: Decades,
    up: Decades,
    places: &[f64],
) -> String {
    let mut frame = text((12.0, 22.0), "title", "start", curve.title);
    let what = "the thin lines are the ranges";
    frame += &text((WIDTH - 12.0, 22.0), "soft", "end", what);
    for power in up.powers() {
        let y = up.place(power);
        frame += &line((LEFT, y), (RIGHT + 6.0, y), "grid");
        let name = match unit {
            Unit::Each(_) => unit.show(power),
            Unit::Messages | Unit::Mebibytes => unit.show(1e9 / power),
        };
        let name = name.replacen("1.00", "1", 1).replacen("10.0", "10", 1);
        frame += &text((LEFT - 8.0, y + 4.0), "soft", "end", &name);
    }
    for place in places {
        let x = across.place(*place);
        frame += &line((x, TOP), (x, BOTTOM), "grid");
        let name = format!("{place}");
        frame += &text((x, BOTTOM + 18.0), "soft", "middle", &name);
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    frame + &text((middle, BOTTOM + 40.0), "soft", "middle", curve.axis)
}
