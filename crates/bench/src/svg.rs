//! What bars and curves have in common: paper, ink, and a scale of decades.

use crate::row::Column;

/// The colours are told apart by those who see no red; both schemes.
const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:var(--ink)}\
.title{font-weight:600;font-size:14px}.soft{fill:var(--soft);font-size:11px}\
svg{--paper:#fff;--ink:#1c1c1c;--soft:#5c5c5c;--faint:#dfe3e6;\
--C:#5c5c5c;--Rust:#b8430c;--Python:#0a58ca}\
@media(prefers-color-scheme:dark){svg{--paper:#15181c;--ink:#e6e6e6;\
--soft:#a3acb5;--faint:#353b42;--C:#a3acb5;--Rust:#ff9a5c;--Python:#6cb6ff}}\
.paper{fill:var(--paper)}.grid{stroke:var(--faint)}.one{stroke:var(--ink)}\
.C{fill:var(--C)}.Rust{fill:var(--Rust)}.Python{fill:var(--Python)}\
.line{fill:none;stroke-width:2}.range{stroke:var(--ink);stroke-width:1}\
.line.C{stroke:var(--C)}.line.Rust{stroke:var(--Rust)}\
.line.Python{stroke:var(--Python)}.range.C{stroke:var(--C)}\
.range.Rust{stroke:var(--Rust)}.range.Python{stroke:var(--Python)}";

/// A picture of this size, with what stands on its paper.
pub(crate) fn picture(
    width: f64,
    height: f64,
    title: &str,
    inside: &str,
) -> String {
    let title = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" \
         viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n\
         {inside}</svg>\n"
    )
}

/// A line of text; `class` and `more` as SVG has them.
pub(crate) fn text(
    (x, y): (f64, f64),
    class: &str,
    anchor: &str,
    text: &str,
) -> String {
    let text = escaped(text);
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" \
         text-anchor=\"{anchor}\">{text}</text>\n"
    )
}

/// A straight line.
pub(crate) fn line(
    (x1, y1): (f64, f64),
    (x2, y2): (f64, f64),
    class: &str,
) -> String {
    format!(
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" \
         class=\"{class}\"/>\n"
    )
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

pub(crate) fn class(column: Column) -> String {
    column.to_string()
}

/// A logarithmic scale: values to places between two ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decades {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Decades {
    /// `values` are positive; the scale begins and ends at powers of ten if
    /// `is_whole`, else at the values.
    pub(crate) fn over(
        values: impl Iterator<Item = f64>,
        is_whole: bool,
        (from, to): (f64, f64),
    ) -> Self {
        let logs: Vec<f64> = values.map(f64::log10).collect();
        let mut least = logs.iter().copied().fold(f64::INFINITY, f64::min);
        let mut most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if is_whole {
            least = (least + 1e-9).floor();
            most = (most - 1e-9).ceil();
        }
        if most <= least {
            most = least + 1.0;
        }
        Self { least, most, from, to }
    }

    pub(crate) fn place(self, value: f64) -> f64 {
        let part = (value.log10() - self.least) / (self.most - self.least);
        self.from + part * (self.to - self.from)
    }

    /// The powers of ten on the scale.
    pub(crate) fn powers(self) -> Vec<f64> {
        let powers = self.least.ceil() as i32..=self.most.floor() as i32;
        powers.map(|power| 10f64.powi(power)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Decades;

    #[test]
    fn a_scale_goes_from_power_to_power() {
        let values = [0.9, 5.0, 120.0];
        let scale = Decades::over(values.into_iter(), true, (0.0, 400.0));
        assert_eq!(scale.powers(), [0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert!((scale.place(1.0) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn one_value_has_a_place_too() {
        let scale = Decades::over([1.0].into_iter(), true, (0.0, 10.0));
        assert!(scale.place(1.0).is_finite());
    }
}
