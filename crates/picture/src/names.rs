//! The names of lanes in a drawing.

use crate::chart::LEFT;
use crate::plain::{columns, cut, markup};

pub(crate) fn indent(depth: usize) -> f64 {
    6.0 + depth.min(5) as f64 * 6.0
}

/// The two lines that name a lane, escaped.
pub(crate) fn head(
    letters: &str,
    name: &str,
    pid: Option<i32>,
    depth: usize,
) -> [String; 2] {
    let room = LEFT - 10.0 - indent(depth);
    let pid = pid.map_or_else(String::new, |pid| format!("pid {pid}"));
    let whole = format!("{letters} {name}");
    let both = if width(&whole) <= room {
        [whole, pid]
    } else {
        // The end of a long path tells more than its beginning.
        let mut tail = letters;
        while width(tail) > room - 10.0 {
            let mut rest = tail.chars();
            rest.next();
            tail = rest.as_str();
        }
        let tail = tail.trim_start_matches('.');
        let mark = if tail == letters { "" } else { "…" };
        let name = cut(name, 12, false);
        [format!("{mark}{tail}"), format!("{name} {pid}")]
    };
    both.map(|line| markup(line.trim_end()))
}

/// About how wide a bold text is.
pub(crate) fn width(text: &str) -> f64 {
    let letter = |letter: char| match letter {
        '.' | ' ' => 4.6,
        'A'..='Z' => 9.3,
        '0'..='9' => 8.4,
        _ => 7.6,
    };
    text.chars().map(letter).sum::<f64>().max(columns(text) as f64 * 4.2)
}
