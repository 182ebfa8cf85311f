//! The lanes as SVG, in clock time.

use std::fmt::Write as _;

use trace::Ending;

use crate::arrows::{Arrow, arrows};
use crate::chart::{Chart, LEFT, PLOT, Row, WIDTH};
use crate::group::Lane;
use crate::key::Key;
use crate::marks::signs;
use crate::names::{head, indent};
use crate::plain::{columns, cut, markup};
use crate::story::{Deed, Span, State, Story, duration};
use crate::strand::Strand;

/// The width of a letter in a bar.
const LETTER: f64 = 6.7;
/// More arrows than these are drawn fainter.
const MANY_ARROWS: usize = 60;
/// More waits than these are a grey bar, and megabytes.
const MOST_WAITS: usize = 10_000;
/// Of a crowd that shares a lane, so many are drawn.
const MOST_MEMBERS: usize = 400;

/// Draws a story as an SVG image of its own: light or dark as its viewer
/// prefers, with titles on everything that can be pointed at and a key below.
///
/// # Returns
/// The text of an `.svg` file.
pub fn svg(story: &Story) -> String {
    let chart = Chart::new(story);
    let arrows = arrows(story, &chart);
    let top = chart.bottom + 26.0;
    let (key, bottom) = Key::new(story, &chart, &arrows).svg(top);
    Sheet::new(story, &chart).draw(&arrows, &key, bottom)
}

/// The same as part of a page, which has the key beside it.
pub(crate) fn inline(story: &Story, chart: &Chart, arrows: &[Arrow]) -> String {
    Sheet::new(story, chart).draw(arrows, "", chart.bottom + 18.0)
}

struct Sheet<'a> {
    story: &'a Story,
    chart: &'a Chart,
    out: String,
    /// What stands above the folds, which stand above the bars.
    labels: String,
    waits: usize,
}

impl<'a> Sheet<'a> {
    fn new(story: &'a Story, chart: &'a Chart) -> Self {
        let (out, labels) = (String::new(), String::new());
        Self { story, chart, out, labels, waits: 0 }
    }

    fn draw(mut self, arrows: &[Arrow], key: &str, height: f64) -> String {
        self.open(height);
        self.ticks();
        // Below the lanes, so that no arrow strikes out a label.
        self.arrows(arrows);
        for lane in 0..self.chart.lanes.all.len() {
            self.lane(lane);
        }
        self.folds();
        self.out.push_str(&self.labels);
        self.out.push_str(key);
        self.add(format_args!(
            "<g id=\"cursor\" class=\"cursor\" visibility=\"hidden\">\
             <line x1=\"0\" x2=\"0\" y1=\"14\" y2=\"{:.0}\"/>\
             <circle r=\"4\"/></g>\n</svg>\n",
            self.chart.bottom
        ));
        self.out
    }

    /// Appends to the image; writing to a String cannot fail.
    fn add(&mut self, arguments: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(arguments);
    }

    fn open(&mut self, height: f64) {
        let count = self.story.processes.len();
        let command = markup(&self.story.command.join(" "));
        self.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"lanes\" \
             class=\"lanes\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
             width=\"{WIDTH}\" height=\"{height:.0}\" role=\"group\" \
             aria-label=\"{count} processes in {}\">\n<title>{command}\
             </title>\n<style>{}</style>\n\
             <defs><pattern id=\"hatch\" width=\"6\" height=\"6\" \
             patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" \
             class=\"z0\"/><rect width=\"2\" height=\"6\" class=\"z1\"/>\
             </pattern><marker id=\"tip\" viewBox=\"0 0 6 6\" refX=\"6\" \
             refY=\"3\" markerWidth=\"6\" markerHeight=\"6\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path d=\"M0 0L6 3L0 6z\" class=\"tip\"/>\
             </marker><marker id=\"alarm\" viewBox=\"0 0 6 6\" refX=\"6\" \
             refY=\"3\" markerWidth=\"7\" markerHeight=\"7\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path d=\"M0 0L6 3L0 6z\" class=\"alarm\"/>\
             </marker></defs>\n<rect class=\"paper\" width=\"100%\" \
             height=\"100%\"/>\n",
            duration(self.story.end_us),
            include_str!("lanes.css"),
        ));
    }

    /// The clock below the lanes.
    fn ticks(&mut self) {
        let bottom = self.chart.bottom;
        self.out.push_str("<g class=\"axis\">");
        let at = |part: u32| {
            duration(self.chart.window.instant(f64::from(part) / 4.0))
        };
        for part in 0..=4 {
            let x = LEFT + f64::from(part) / 4.0 * PLOT;
            // On both sides of a fold may stand the same second.
            let is_again = part < 4 && at(part) == at(part + 1);
            let at = if is_again { String::new() } else { at(part) };
            self.add(format_args!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"18\" \
                 y2=\"{bottom:.0}\"/><text x=\"{x:.1}\" y=\"{:.0}\" \
                 text-anchor=\"middle\">{at}</text>\n",
                bottom + 11.0
            ));
        }
        self.out.push_str("</g>\n");
    }

    /// Gaps that are drawn shorter than they were; above the lanes, since
    /// they break the bars.
    fn folds(&mut self) {
        let bottom = self.chart.bottom;
        let mut free = 0.0;
        for fold in self.chart.window.scale.folds.iter().take(100) {
            let middle = fold.from_us / 2 + fold.until_us / 2;
            let x = self.chart.x(middle);
            if x <= LEFT || x >= LEFT + PLOT {
                continue;
            }
            let length = duration(fold.until_us - fold.from_us);
            self.add(format_args!(
                "<line class=\"fold\" x1=\"{x:.1}\" x2=\"{x:.1}\" \
                 y1=\"14\" y2=\"{bottom:.0}\"><title>{length}, drawn shorter\
                 </title></line>\n"
            ));
            let half = (columns(&length) + 2) as f64 * 3.0;
            if x - half > free {
                free = x + half;
                self.add(format_args!(
                    "<text class=\"pid\" x=\"{x:.1}\" y=\"10\" \
                     text-anchor=\"middle\">⋯ {length}</text>\n"
                ));
            }
        }
    }

    fn lane(&mut self, lane: usize) {
        let story = self.story;
        let chart = self.chart;
        let Lane { process, is_thread, .. } = chart.lanes.all[lane];
        let letters = chart.lanes.letters(story, lane);
        let name = markup(chart.lanes.name(story, lane));
        let ending = match is_thread {
            true => String::new(),
            false => story.ending(process),
        };
        self.add(format_args!(
            "<g class=\"lane\" data-p=\"{process}\" role=\"group\" \
             aria-label=\"{letters} {name}, {}\">",
            markup(&ending)
        ));
        self.head(lane, &letters);
        for &member in chart.lanes.all[lane].members.iter().take(MOST_MEMBERS) {
            let Some(row) = chart.row(member) else { continue };
            let own = story.strands[member];
            if own.thread == 0 {
                self.life(own.process, row);
            } else {
                self.thread(member, row);
            }
            self.spans(own, row);
            if !row.is_shared {
                self.signs(own, row, chart.lanes.all[lane].members.len() == 1);
            }
        }
        if !is_thread {
            self.tail(lane, &ending);
        }
        self.out.push_str("</g>\n");
    }

    /// Who it is: two lines to the left of the lane.
    fn head(&mut self, lane: usize, letters: &str) {
        let lanes = &self.chart.lanes;
        let Lane { process, is_thread, ref members, .. } = lanes.all[lane];
        let me = &self.story.processes[process];
        let pid = (members.len() == 1 && !is_thread).then_some(me.pid);
        let depth = lanes.depth(self.story, lane);
        let name = lanes.name(self.story, lane);
        let [first, second] = head(letters, name, pid, depth);
        let top = self.chart.top(lane) - if is_thread { 3.0 } else { 0.0 };
        let indent = indent(depth);
        let who = if is_thread { "who thin" } else { "who" };
        self.add(format_args!(
            "<text class=\"{who}\" x=\"{indent:.0}\" y=\"{:.0}\">{first}</text>\
             <text class=\"pid\" x=\"{indent:.0}\" y=\"{:.0}\">{second}</text>\n",
            top + 13.0,
            top + 25.0,
        ));
    }

    /// How it ended, and where its time went: to the right of the lane.
    fn tail(&mut self, lane: usize, ending: &str) {
        let members = &self.chart.lanes.all[lane].members;
        let process = self.chart.lanes.all[lane].process;
        let me = &self.story.processes[process];
        let is_well = matches!(
            me.end,
            Some((_, Ending::Code { code: 0 } | Ending::Unknown { .. }))
        );
        let class = if is_well { "end" } else { "end bad" };
        let ending = markup(&cut(ending, 12, false));
        let (x, top) = (LEFT + PLOT + 8.0, self.chart.top(lane));
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{:.0}\">{ending}</text>\n",
            top + 13.0
        ));
        let (lived, waited) = times(self.story, process);
        let share = waited.saturating_mul(100) / lived.max(1);
        if members.len() == 1 && share > 0 {
            self.add(format_args!(
                "<text class=\"pid\" x=\"{x}\" y=\"{:.0}\">waits {share} %\
                 </text>\n",
                top + 25.0
            ));
        }
    }

    fn bar(&mut self, class: &str, span: (f64, f64), row: Row, says: &str) {
        let (from, until) = span;
        let width = (until - from).max(0.8);
        let (top, height) = (row.top, row.height);
        let says = markup(says);
        let thin = if row.is_shared { " thin" } else { "" };
        self.add(format_args!(
            "<rect class=\"{class}{thin}\" x=\"{from:.1}\" y=\"{top:.1}\" \
             width=\"{width:.1}\" height=\"{height:.1}\"><title>{says}\
             </title></rect>\n"
        ));
    }

    /// A label in a bar, if it fits.
    fn text(&mut self, class: &str, span: (f64, f64), row: Row, says: &str) {
        let needed = (columns(says) as f64) * LETTER + 6.0;
        if row.has_room_for_text() && span.1 - span.0 >= needed {
            let says = markup(says);
            let _ = writeln!(
                self.labels,
                "<text class=\"label on-{class}\" x=\"{:.1}\" y=\"{:.0}\">\
                 {says}</text>",
                span.0 + 3.0,
                row.top + row.height / 2.0 + 4.0
            );
        }
    }

    fn thread(&mut self, strand: usize, row: Row) {
        let (from_us, until_us) = self.story.life_us(strand);
        let span = (self.chart.x(from_us), self.chart.x(until_us));
        let letter = self.story.strand_letter(strand);
        let lived = duration(until_us - from_us);
        let says = format!("{letter}, a thread, lived {lived}");
        self.bar("run strand", span, row, &says);
    }

    fn life(&mut self, process: usize, row: Row) {
        let (story, chart) = (self.story, self.chart);
        let me = &story.processes[process];
        let end_us = me.end.as_ref().map_or(story.end_us, |end| end.0.t_us);
        let (from, until) = (chart.x(me.birth.t_us), chart.x(end_us));
        let title = story.title(process);
        let (lived, waited) = times(story, process);
        let (lived, waited) = (duration(lived), duration(waited));
        let (class, says) = match story.sees_waits() {
            true => ("run", format!("and waited {waited} of it")),
            false => ("there", "and whether it waited was not seen".to_owned()),
        };
        let says = format!("{title} lived {lived}, {says}");
        self.bar(class, (from, until), row, &says);
        let execs = me.marks.iter().filter_map(|mark| match &mark.deed {
            Deed::Exec { program } => Some((mark.at.t_us, program)),
            _ => None,
        });
        for (t_us, program) in execs.take(100) {
            let x = chart.x(t_us);
            self.bar("exec", (x, x + 2.0), row, &format!("exec {program}"));
            let room = self.room(process, t_us, until);
            self.text(class, (x + 2.0, room), row, program);
        }
        let gone = story.gone_us(process).unwrap_or(end_us);
        if gone > end_us {
            let lay = duration(gone - end_us);
            let span = (until, chart.x(gone));
            let says =
                format!("{title} was a zombie for {lay}: not yet collected");
            self.bar("zombie", span, row, &says);
            self.text("zombie", span, row, "zombie");
        }
    }

    /// Where the next wait begins, before which a label must end.
    fn room(&self, process: usize, t_us: u64, until: f64) -> f64 {
        let spans = &self.story.processes[process].spans;
        let spans = spans.iter().filter(|span| span.thread == 0);
        let next = spans.map(|span| span.from_us).filter(|&f| f > t_us);
        next.min().map_or(until, |next| self.chart.x(next).min(until))
    }

    fn spans(&mut self, own: Strand, row: Row) {
        let story = self.story;
        for span in story.rests(own) {
            if self.waits < MOST_WAITS {
                self.span(own, span, row);
            }
        }
    }

    fn span(&mut self, own: Strand, span: &Span, row: Row) {
        let (story, process) = (self.story, own.process);
        let strand = story.strand(process, own.thread);
        let until_us = span.until_us.min(story.life_us(strand).1);
        let place = (self.chart.x(span.from_us), self.chart.x(until_us));
        // What is thinner than a hair shows nothing.
        if place.1 - place.0 < 0.7 {
            return;
        }
        self.waits += 1;
        let took = duration(until_us.saturating_sub(span.from_us));
        let (class, label) = state(story, process, span);
        let title = match own.thread {
            0 => story.title(process),
            _ => story.strand_letter(strand),
        };
        let says = format!("{title} {}, {took}", sentence(class, &label));
        self.bar(class, place, row, &says);
        self.text(class, place, row, &label);
    }

    fn signs(&mut self, own: Strand, row: Row, all: bool) {
        let title = match own.thread {
            0 => markup(&self.story.title(own.process)),
            thread => {
                let strand = self.story.strand(own.process, thread);
                self.story.strand_letter(strand)
            }
        };
        for sign in signs(self.story, self.chart, own, all) {
            let (class, text) = (sign.class, markup(&sign.text));
            // The sign itself stands at its instant, its label behind it.
            let (x, y) = (sign.x - 4.0, row.bottom() + 10.0);
            let says = sign.says;
            self.add(format_args!(
                "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.0}\">{text}\
                 <title>{title}: {}</title></text>\n",
                markup_long(&says)
            ));
        }
    }

    fn arrows(&mut self, arrows: &[Arrow]) {
        let many = if arrows.len() > MANY_ARROWS { " many" } else { "" };
        self.add(format_args!("<g class=\"arrows{many}\">\n"));
        for arrow in arrows {
            let Arrow { class, from, to, says } = arrow;
            let says = markup(says);
            let tip = if *class == "send" { "alarm" } else { "tip" };
            self.add(format_args!(
                "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" \
                 x2=\"{:.1}\" y2=\"{:.1}\" marker-end=\"url(#{tip})\">\
                 <title>{says}</title></line>\n",
                from.0, from.1, to.0, to.1
            ));
        }
        self.out.push_str("</g>\n");
    }
}

/// Escapes a text of several deeds, each of which is short.
fn markup_long(text: &str) -> String {
    text.split("; ").map(markup).collect::<Vec<_>>().join("\n")
}

/// What a span is called: its class, and what it waits for.
pub(crate) fn state(
    story: &Story,
    process: usize,
    span: &Span,
) -> (&'static str, String) {
    match &span.state {
        State::Stopped(signal) => ("stop", format!("stopped {signal}")),
        State::Blocked(on) if story.is_stuck(process, span) => {
            ("stuck", format!("stuck: {}", story.waiting(on)))
        }
        State::Blocked(on) => ("wait", story.waiting(on)),
    }
}

/// The same in words: `waits to read P1`.
pub(crate) fn sentence(class: &str, label: &str) -> String {
    match (class, label.split_once(' ')) {
        ("wait", None) if label == "sleep" => "sleeps".to_owned(),
        ("wait", None) if label == "poll" => {
            "waits in poll for several at once".to_owned()
        }
        ("wait", Some(("wait", "any"))) => "waits for any child".to_owned(),
        ("wait", Some(("wait", child))) => format!("waits for {child}"),
        ("wait", Some(("await", _))) => "waits for a signal".to_owned(),
        ("wait", Some(("own", _))) => "has ended, its threads go on".to_owned(),
        ("wait", None) if label == "futex" => {
            "waits on a futex: a lock or a condition in memory".to_owned()
        }
        ("wait", Some((call, what))) => format!("waits to {call} {what}"),
        ("wait", None) => format!("waits: {label}"),
        _ => format!("is {label}"),
    }
}

/// How long a process lived, and how much of it it waited.
fn times(story: &Story, process: usize) -> (u64, u64) {
    let me = &story.processes[process];
    let end_us = me.end.as_ref().map_or(story.end_us, |end| end.0.t_us);
    let lived = end_us.saturating_sub(me.birth.t_us);
    let waits = me.spans.iter().filter(|span| {
        span.thread == 0 && matches!(span.state, State::Blocked(_))
    });
    let waited: u64 = waits
        .map(|span| span.until_us.min(end_us).saturating_sub(span.from_us))
        .fold(0, u64::saturating_add);
    (lived, waited.min(lived))
}
