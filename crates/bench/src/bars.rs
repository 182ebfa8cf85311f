//! How many times as long as C: bars on a scale of decades.

use crate::figure::Figure;
use crate::results::Results;
use crate::row::{Column, Row, Way, three_digits};
use crate::svg::{Decades, class, line, picture, text};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 370.0;
const RIGHT: f64 = 690.0;
const TOP: f64 = 58.0;
const BAR: f64 = 16.0;
const GAP: f64 = 10.0;

/// `None` if nothing can be compared with C.
pub(crate) fn bars(
    rows: &[Row],
    results: &Results,
    group: &str,
    title: &str,
) -> Option<String> {
    let rows: Vec<(&Row, Vec<(&Way, Figure)>)> = rows
        .iter()
        .filter(|row| row.group == group)
        .map(|row| (row, compared(row, results)))
        .filter(|(_, bars)| !bars.is_empty())
        .collect();
    let ends = rows.iter().flat_map(|(_, bars)| bars);
    let ends: Vec<f64> = ends.flat_map(|(_, ratio)| ratio.ends()).collect();
    if ends.is_empty() {
        return None;
    }
    let values = ends.into_iter().chain([1.0, 1.0 / 1.01]);
    let scale = Decades::over(values, true, (LEFT, RIGHT));
    let mut inside = String::new();
    let mut y = TOP;
    for (row, bars) in &rows {
        inside += &text((12.0, y + 12.0), "", "start", &row.title);
        for (way, ratio) in bars {
            inside += &bar(scale, y, way, *ratio);
            y += BAR;
        }
        y += GAP;
    }
    let frame = frame(scale, title, y);
    let height = y + 14.0;
    Some(picture(WIDTH, height, title, &(frame + &inside)))
}

/// The ways beside the floor, with their ratios to it.
fn compared<'a>(row: &'a Row, results: &Results) -> Vec<(&'a Way, Figure)> {
    row.ways
        .iter()
        .filter(|way| way.column != Column::C)
        .filter_map(|way| Some((way, results.to_floor(row, way)?)))
        .collect()
}

fn bar(scale: Decades, y: f64, way: &Way, ratio: Figure) -> String {
    let (one, end) = (scale.place(1.0), scale.place(ratio.median));
    let (x, width) = (one.min(end), (end - one).abs().max(2.0));
    let class = class(way.column);
    let middle = y + BAR / 2.0;
    let [least, most] = ratio.ends().map(|end| scale.place(end));
    let name = format!("{} {}", way.column, way.label);
    let figure = three_digits(ratio.median);
    text((LEFT - 12.0, y + 12.0), "soft", "end", &name)
        + &format!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" \
             height=\"{:.1}\" class=\"{class}\"/>\n",
            y + 2.0,
            BAR - 4.0
        )
        + &line((least, middle), (most, middle), "range")
        + &text((WIDTH - 12.0, y + 12.0), "", "end", &figure)
}

fn frame(scale: Decades, title: &str, bottom: f64) -> String {
    let mut frame = text((12.0, 22.0), "title", "start", title);
    let what = "times as long as C; the thin line is the range";
    frame += &text((12.0, 40.0), "soft", "start", what);
    for power in scale.powers() {
        let x = scale.place(power);
        let class = if power == 1.0 { "one" } else { "grid" };
        frame += &line((x, TOP - 8.0), (x, bottom), class);
        let name = match power {
            1.0 => "C".to_owned(),
            _ => format!("{power}"),
        };
        frame += &text((x, TOP - 12.0), "soft", "middle", &name);
    }
    frame
}
