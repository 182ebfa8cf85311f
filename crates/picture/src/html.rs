//! One HTML file that needs nothing else: no network, no script.

use crate::arrows::arrows;
use crate::chart::Chart;
use crate::data::data;
use crate::key::Key;
use crate::lanes::{LaneStyle, Time, lanes};
use crate::notices::{Notice, notices};
use crate::plain::{cut, markup, script};
use crate::rails::rails;
use crate::says;
use crate::story::{Deed, Mark, Story, base, duration};
use crate::svg::inline;

/// More rows than these are no table.
const MOST_ROWS: usize = 400;
/// More notices than these are folded away.
const FEW_NOTICES: usize = 6;
/// Letters of a command in the heading.
const HEADING: usize = 90;

/// Writes a story as one page: lanes to point at, a cursor with the table of
/// who holds which descriptor at that moment, the notices, step time.
///
/// It works from the disk; without scripts the cursor's table is a list of
/// all descriptors from when to when.
///
/// # Returns
/// The text of an `.html` file.
pub fn html(story: &Story) -> String {
    let chart = Chart::new(story);
    let arrows = arrows(story, &chart);
    let command = markup(&story.command.join(" "));
    let parts = [
        "<!doctype html>\n<html lang=\"en\">\n<head>\n\
         <meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta \
         http-equiv=\"Content-Security-Policy\" content=\"default-src \
         'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>",
        &command,
        "</title>\n<style>\n",
        include_str!("page.css"),
        "</style>\n</head>\n<body>\n<main>\n<button id=\"theme\" \
         class=\"script\" type=\"button\">light or dark</button>\n",
        &heading(story, &command),
        &about(story),
        &noticed(story),
        "<h2>Lanes in clock time</h2>\n<p>A line for each process, children \
         below their parents; time runs to the right.</p>\n",
        &Key::new(story, &chart, &arrows).html(),
        "<div class=\"beside\">\n<div class=\"picture\">\n",
        &inline(story, &chart, &arrows),
        "</div>\n",
        MOMENT,
        "<div class=\"steps\">\n",
        &channels(story, &chart),
        &steps(story, &chart),
        "</div>\n",
        "</div>\n",
        &all_holdings(story),
        "</main>\n<div id=\"hint\" hidden></div>\n<script \
         type=\"application/json\" id=\"story\">",
        &script(&data(story, &chart).to_string()),
        "</script>\n<script>\n",
        include_str!("page.js"),
        "</script>\n</body>\n</html>\n",
    ];
    parts.concat()
}

const MOMENT: &str = "<section id=\"moment\" class=\"script\" \
    aria-label=\"the moment under the cursor\">\n<h2>At this moment</h2>\n\
    <p id=\"says\" role=\"status\" aria-live=\"polite\"></p>\n<p \
    class=\"move\"><button id=\"back\" type=\"button\" \
    aria-label=\"the event before\">◂</button><input id=\"cursor-range\" \
    type=\"range\" min=\"0\" value=\"0\" step=\"1\" \
    aria-label=\"event\"><button id=\"next\" type=\"button\" \
    aria-label=\"the next event\">▸</button></p>\n<p class=\"soft\">Click \
    into the lanes, or use the arrow keys.</p>\n<table id=\"holders\">\
    </table>\n<table id=\"ends\"></table>\n</section>\n";

/// The heading: the program without its folders; all of it is to point at.
fn heading(story: &Story, command: &str) -> String {
    let mut words = story.command.clone();
    if let Some(program) = words.first_mut() {
        *program = base(program);
    }
    let short = markup(&cut(&words.join(" "), HEADING, false));
    format!("<h1>What <code title=\"{command}\">{short}</code> did</h1>\n")
}

/// Who sent bytes to whom, and which lanes are missing.
fn channels(story: &Story, chart: &Chart) -> String {
    let mut out = String::new();
    for says in chart.lanes.omissions() {
        out.push_str(&format!("<p>{says}.</p>\n"));
    }
    let all = says::channels(story, false);
    if !all.is_empty() {
        let all = markup_lines(&all.join("; "));
        out.push_str(&format!("<p>Bytes: {all}.</p>\n"));
    }
    out
}

/// Step time: a drawing, and the text that a terminal shows.
fn steps(story: &Story, chart: &Chart) -> String {
    let style =
        LaneStyle { width: 120, time: Time::Step, ..LaneStyle::default() };
    let text = markup_lines(&lanes(story, &style));
    let is_crowd = chart.lanes.all.iter().any(|l| l.members.len() > 1);
    let same = match story.sees_waits() {
        true => ": the same in every run of a deterministic program",
        false => "",
    };
    let crowds = if is_crowd {
        " A lane of several processes shows the steps of the first."
    } else {
        ""
    };
    let (drawing, left_out) = rails(story, &chart.lanes);
    let more = match left_out {
        0 => String::new(),
        more => format!("<p>{more} more steps are not drawn.</p>\n"),
    };
    format!(
        "<section>\n<h2>Lanes in step time</h2>\n<p>Causes stand left of their effects, \
         without clocks{same}. \
         × closes an end, ▼ writes, ▲ reads; \
         bytes are totals. What does not fit goes on to the right.\
         {crowds}</p>\n\
         {drawing}{more}<details><summary>The same as text</summary>\n\
         <pre tabindex=\"0\">{text}</pre></details>\n</section>\n"
    )
}

fn about(story: &Story) -> String {
    let marks = story.processes.iter().flat_map(|me| &me.marks);
    let is_refused = |mark: &Mark| matches!(mark.deed, Deed::Refused { .. });
    let refused = if marks.into_iter().any(is_refused) {
        ", but calls that could not be followed, or reached out of a \
         contained run, were refused (below)"
    } else {
        ""
    };
    let level = match story.reservation() {
        Some(says) => markup_lines(&says),
        None => format!(
            "Observed at level full: every event was seen{refused}. clone3 \
             fails with ENOSYS here. Where a program does not go on with \
             clone, as libraries do, that is told below."
        ),
    };
    let plan = story.plan.as_deref().map(markup);
    let plan = plan.map_or_else(String::new, |plan| {
        format!(" The run was perturbed: {plan}.")
    });
    format!(
        "<p>{} process{}, {} events in {}. {level}{plan}</p>\n",
        story.processes.len(),
        if story.processes.len() == 1 { "" } else { "es" },
        story.events,
        duration(story.end_us)
    )
}

fn noticed(story: &Story) -> String {
    let all = notices(story);
    if all.is_empty() {
        return String::new();
    }
    let item = |notice: &Notice| {
        let says = markup_lines(&notice.sentence);
        format!("<li data-id=\"{}\">{says}</li>\n", notice.id)
    };
    let (few, more) = all.split_at(all.len().min(FEW_NOTICES));
    let few: String = few.iter().map(item).collect();
    let mut out = format!("<h2>Worth noticing</h2>\n<ul>\n{few}</ul>\n");
    if !more.is_empty() {
        let items: String = more.iter().take(MOST_ROWS).map(item).collect();
        out.push_str(&format!(
            "<details><summary>and {} more</summary>\n<ul>\n{items}</ul>\
             </details>\n",
            more.len()
        ));
    }
    out
}

/// Escapes each line of a text of ours; its names are clean already.
fn markup_lines(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The table for readers without scripts.
fn all_holdings(story: &Story) -> String {
    let mut out =
        "<section class=\"static\" tabindex=\"0\">\n<h2>Who held which \
        descriptor</h2>\n<table>\n<tr><th>process</th><th>descriptor</th>\
        <th>names</th><th>from</th><th>until</th></tr>\n"
            .to_owned();
    // Ends first: that is where the mistakes are.
    let ends = story.holdings.iter().filter(|held| held.place.is_some());
    let others = story.holdings.iter().filter(|held| held.place.is_none());
    for held in ends.chain(others).take(MOST_ROWS) {
        let until = held
            .until
            .map_or_else(|| "the end".to_owned(), |until| duration(until.t_us));
        out.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{until}</td>\
             </tr>\n",
            markup_lines(&story.title(held.process)),
            held.fd,
            markup_lines(&story.holds(held)),
            duration(held.from.t_us)
        ));
    }
    out.push_str("</table>\n");
    if let Some(more) = story.holdings.len().checked_sub(MOST_ROWS + 1) {
        out.push_str(&format!("<p>and {} more</p>\n", more + 1));
    }
    out.push_str("</section>\n");
    out
}
