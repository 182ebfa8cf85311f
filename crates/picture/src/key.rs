//! What each mark of a drawing means; only those that are in it.

use std::fmt::Write as _;

use crate::arrows::Arrow;
use crate::chart::{Chart, WIDTH};
use crate::marks::sign;
use crate::plain::columns;
use crate::story::{Deed, Mark, State, Story};

/// The room of a sample, before its words.
const SAMPLE: f64 = 24.0;
/// The width of a letter of the words, at most.
const LETTER: f64 = 6.6;
const LINE: f64 = 18.0;

/// Samples with their words.
pub(crate) struct Key {
    items: Vec<(String, &'static str)>,
}

impl Key {
    pub(crate) fn new(story: &Story, chart: &Chart, arrows: &[Arrow]) -> Self {
        let mut key = Self { items: Vec::new() };
        key.life(story, chart);
        key.states(story);
        key.arrows(arrows);
        key.signs(story);
        if !chart.window.scale.folds.is_empty() {
            let sample = "<line class=\"fold\" x1=\"9\" x2=\"9\" y1=\"0\" \
                y2=\"12\"/>";
            key.add(sample.to_owned(), "time drawn shorter");
        }
        key
    }

    fn life(&mut self, story: &Story, chart: &Chart) {
        let (run, words) = match story.sees_waits() {
            true => ("run", "runs"),
            false => ("there", "there: runs or waits, which was not seen"),
        };
        self.bar(run, words);
        if chart.lanes.all.iter().any(|lane| lane.is_thread) {
            let sample = "<rect class=\"run strand\" x=\"1\" y=\"3\" \
                width=\"17\" height=\"6\"/>";
            self.add(sample.to_owned(), "A/1: a thread of A runs");
        }
        let is_exec = |mark: &Mark| matches!(mark.deed, Deed::Exec { .. });
        if story.processes.iter().any(|me| me.marks.iter().any(is_exec)) {
            let sample = format!(
                "<rect class=\"{run}\" x=\"1\" y=\"1\" width=\"17\" \
                 height=\"10\"/><rect class=\"exec\" x=\"5\" y=\"1\" \
                 width=\"2\" height=\"10\"/>"
            );
            self.add(sample, "executes a program");
        }
    }

    fn states(&mut self, story: &Story) {
        for (class, words) in [
            ("wait", "waits, for what is written there"),
            ("stop", "stopped by a signal"),
            ("stuck", "stuck until it was killed"),
        ] {
            if has_span(story, class) {
                self.bar(class, words);
            }
        }
        let is_zombie = |process: &usize| {
            let end = story.processes[*process].end.as_ref();
            let gone = story.gone_us(*process);
            end.zip(gone).is_some_and(|((end, _), gone)| gone > end.t_us)
        };
        if (0..story.processes.len()).any(|p| is_zombie(&p)) {
            self.bar("zombie", "zombie: ended, not yet collected");
        }
    }

    fn add(&mut self, sample: String, words: &'static str) {
        self.items.push((sample, words));
    }

    fn bar(&mut self, class: &str, words: &'static str) {
        let sample = format!(
            "<rect class=\"{class}\" x=\"1\" y=\"1\" width=\"17\" \
             height=\"10\"/>"
        );
        self.add(sample, words);
    }

    fn arrows(&mut self, arrows: &[Arrow]) {
        for (class, words) in [
            ("create", "creates"),
            ("collect", "is waited for and collected"),
            ("send", "is sent a signal"),
            ("bytes", "bytes, from the write to the read"),
        ] {
            if arrows.iter().any(|arrow| arrow.class == class) {
                let tip = if class == "send" { "alarm" } else { "tip" };
                let sample = format!(
                    "<line class=\"{class}\" x1=\"1\" x2=\"19\" y1=\"6\" \
                     y2=\"6\" marker-end=\"url(#{tip})\"/>"
                );
                self.add(sample, words);
            }
        }
    }

    fn signs(&mut self, story: &Story) {
        for (wanted, class, words) in [
            ("▼", "io", "writes"),
            ("▲", "io", "reads"),
            (
                "×",
                "io",
                "closes an end: P1.r the read end of pipe P1, P1.w its write end",
            ),
            ("!", "signal", "sends a signal"),
            ("?", "signal", "a call fails: exec, or one that was refused"),
        ] {
            let mut marks = story.processes.iter().flat_map(|me| &me.marks);
            let is_there = |deed: &Deed| {
                sign(deed).is_some_and(|(_, sign)| sign == wanted)
            };
            if marks.any(|mark| is_there(&mark.deed)) {
                self.sign(class, wanted, words);
            }
        }
        let is_busy = |word: &(String, &str)| word.0.contains("class=\"io\"");
        if self.items.iter().filter(|item| is_busy(item)).count() > 1 {
            self.sign("io", "∗", "several at once");
        }
    }

    fn sign(&mut self, class: &str, sign: &str, words: &'static str) {
        let sample = format!(
            "<text class=\"{class}\" x=\"9\" y=\"10\" \
             text-anchor=\"middle\">{sign}</text>"
        );
        self.add(sample, words);
    }

    /// The key as a paragraph, which breaks where the window ends.
    pub(crate) fn html(&self) -> String {
        let mut out = "<p class=\"key lanes\">".to_owned();
        for (sample, words) in &self.items {
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "<span><svg class=\"lanes\" width=\"20\" height=\"12\" \
                 aria-hidden=\"true\">{sample}</svg> {words}</span>"
            );
        }
        out.push_str("</p>\n");
        out
    }

    /// The key as part of a drawing, from this height on.
    ///
    /// # Returns
    /// It, and where it ends.
    pub(crate) fn svg(&self, top: f64) -> (String, f64) {
        let mut out = "<g class=\"key\">\n".to_owned();
        let (mut x, mut y) = (8.0, top);
        for (sample, words) in &self.items {
            let width = SAMPLE + columns(words) as f64 * LETTER + 12.0;
            if x + width > WIDTH && x > 8.0 {
                (x, y) = (8.0, y + LINE);
            }
            let _ = writeln!(
                out,
                "<g transform=\"translate({x:.0} {y:.0})\">{sample}<text \
                 x=\"{SAMPLE}\" y=\"10\">{words}</text></g>"
            );
            x += width;
        }
        out.push_str("</g>\n");
        (out, y + LINE)
    }
}

fn has_span(story: &Story, class: &str) -> bool {
    story.processes.iter().enumerate().any(|(process, me)| {
        me.spans.iter().any(|span| match span.state {
            State::Stopped(_) => class == "stop",
            State::Blocked(_) if story.is_stuck(process, span) => {
                class == "stuck"
            }
            State::Blocked(_) => class == "wait",
        })
    })
}
