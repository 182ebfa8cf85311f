//! Static pages: one for each student, one for the class.

use std::fmt::Write;

use grader::{Word, clean, clean_lines};

use crate::grades::{Entry, Failures, Grade, State, shown};
use crate::record::Verdict;
use crate::roster::Known;
use crate::settings::Settings;
use crate::submissions::Student;
use crate::tables::{state, word};

const STYLE: &str = ":root{color-scheme:light dark;--text:#222;--page:#fff;\
--rule:#bbb;--box:#f4f4f4;--open:#fff3c4;--link:#0b57d0}\
@media(prefers-color-scheme:dark){:root{--text:#e6e6e6;--page:#15181c;\
--rule:#555;--box:#23282e;--open:#4d4012;--link:#6cb6ff}}\
body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem;color:var(--text);background:var(--page);\
overflow-wrap:anywhere}a{color:var(--link)}\
table{border-collapse:collapse;overflow-wrap:normal}\
.rules td:last-child{overflow-wrap:anywhere}\
td,th{border:1px solid var(--rule);padding:.2rem .6rem;text-align:left;\
vertical-align:top}pre{overflow-x:auto;background:var(--box);padding:.6rem}\
.wide{overflow-x:auto}.wide img{width:100%;min-width:44rem}\
.points td:first-child{position:sticky;left:0;background:var(--page);\
max-width:12rem;overflow-wrap:anywhere}\
.says{white-space:pre-line}.open{background:var(--open)}";

/// More of what a compiler says is not shown.
const COMPILER: usize = 20_000;

/// The text for a page: no markup, and nothing that a reader would obey.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// Several lines for a page.
fn escape_lines(text: &str) -> String {
    let lines = clean_lines(text);
    let lines: Vec<String> = lines.split('\n').map(escape).collect();
    lines.join("\n")
}

/// A line of ours: what stands between grave accents is code.
fn marked(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(escape).collect();
    let [first, rest @ ..] = &parts[..] else { return String::new() };
    if rest.len() % 2 == 1 {
        return parts.join("`");
    }
    let pairs = rest.chunks(2).map(|it| match it {
        [code, behind] => format!("<code>{code}</code>{behind}"),
        _ => String::new(),
    });
    first.clone() + &pairs.collect::<String>()
}

/// A name as a part of an address.
fn in_address(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'-' | b'.' | b'_' => text.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            _ => put(&mut text, format_args!("%{byte:02X}")),
        }
    }
    text
}

/// A page that runs nothing and loads nothing, whatever is in it.
fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src \
         'none'; img-src data:; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

/// The page of a student; `picture` finds the SVG of an exercise.
pub(crate) fn of_student(
    settings: &Settings,
    student: &Student,
    known: &Known,
    grade: &Grade,
    picture: impl Fn(&str) -> Option<Vec<u8>>,
) -> String {
    let mut body = String::new();
    if !known.name.is_empty() {
        put(&mut body, format_args!("<p>{}</p>\n", escape(&known.name)));
    }
    let total = match grade.part {
        Some(part) => format!(
            "{} of {} points",
            shown(part * settings.points),
            shown(settings.points)
        ),
        None => "not all is judged yet: no points are lost by that".to_owned(),
    };
    put(
        &mut body,
        format_args!("<p>{}: {total}.</p>\n", escape(&settings.title)),
    );
    for line in &student.refused {
        put(&mut body, format_args!("<p>{}.</p>\n", escape(line)));
    }
    let is_missing =
        |it: &&Entry| it.state == State::Missing && it.reason.is_none();
    let (missing, others): (Vec<&Entry>, Vec<&Entry>) =
        grade.entries.iter().partition(is_missing);
    for entry in others {
        body.push_str(&section(entry, &picture));
    }
    if !missing.is_empty() {
        body.push_str("<h2>Not handed in</h2>\n<ul>\n");
        for entry in missing {
            let (id, of) = (escape(&entry.exercise), entry.of);
            put(&mut body, format_args!("<li>{id}: 0 of {of} points</li>\n"));
        }
        body.push_str("</ul>\n");
    }
    page(&student.id, &body)
}

/// What became of one exercise.
fn section(
    entry: &Entry,
    picture: &impl Fn(&str) -> Option<Vec<u8>>,
) -> String {
    let mut text = format!("<h2>{}</h2>\n", escape(&entry.exercise));
    text.push_str(&standing(entry));
    let verdict = entry.record.as_ref().and_then(|it| it.verdict.as_ref());
    let Some(verdict) = verdict else { return text };
    text.push_str(&findings(verdict));
    if let Some(svg) = picture(&entry.exercise) {
        put(
            &mut text,
            format_args!(
                "<div class=\"wide\"><img alt=\"What the processes did in the \
                 run of the first finding\" \
                 src=\"data:image/svg+xml;base64,{}\"></div>\n",
                base64(&svg)
            ),
        );
    }
    text
}

fn standing(entry: &Entry) -> String {
    let points = match entry.points {
        Some(points) => format!("{} of {} points", shown(points), entry.of),
        None => "no points yet, and no zero".to_owned(),
    };
    let mut text = format!("<p>{}: {points}", state(entry.state));
    if entry.late_percent > 0.0 {
        let percent = shown(entry.late_percent);
        put(&mut text, format_args!(", {percent} % less for coming late"));
    }
    if let Some(reason) = &entry.reason {
        put(&mut text, format_args!(", decided by hand: {}", escape(reason)));
    }
    text.push_str(".</p>\n");
    let says = entry.record.as_ref().and_then(|it| it.says.as_ref());
    if let (State::Open, Some(says)) = (entry.state, says) {
        put(
            &mut text,
            format_args!("<p class=\"open\">{}</p>\n", escape(says)),
        );
    }
    text
}

fn findings(verdict: &Verdict) -> String {
    let mark = |it: Option<bool>| match it {
        Some(true) => "yes",
        Some(false) => "no",
        None => "open",
    };
    let mut text = format!(
        "<p>Verdict: {}; works: {}, robust: {}.</p>\n",
        escape(&word(verdict.verdict)),
        mark(verdict.works),
        mark(verdict.robust)
    );
    for finding in &verdict.findings {
        let plan = finding.plan.as_deref().map(|it| format!(", plan '{it}'"));
        put(
            &mut text,
            format_args!(
                "<h3>{}</h3>\n<p>In the run '{}'{}.</p>\n\
                 <p class=\"says\">{}</p>\n<p>{}</p>\n<p>Read: {}</p>\n",
                escape(&finding.rule),
                escape(&finding.run),
                escape(plan.as_deref().unwrap_or_default()),
                escape_lines(&finding.says),
                marked(&finding.why),
                marked(&finding.read),
            ),
        );
    }
    if let Some(said) = &verdict.compiler {
        let said: String = said.chars().take(COMPILER).collect();
        put(&mut text, format_args!("<pre>{}</pre>\n", escape_lines(&said)));
    }
    text
}

/// The page of the class, filled student by student.
#[derive(Debug, Default)]
pub(crate) struct ClassPage {
    rows: String,
    open: String,
    count: usize,
    levels: [usize; 3],
}

impl ClassPage {
    /// Takes in one student.
    pub(crate) fn add(
        &mut self,
        student: &Student,
        grade: &Grade,
        points: f64,
    ) {
        self.count += 1;
        let id = escape(&student.id);
        let total = grade.part.map(|it| shown(it * points));
        put(
            &mut self.rows,
            format_args!(
                "<tr><td><a href=\"students/{}.html\">{id}</a></td><td{}>{}</td>",
                in_address(&student.id),
                if total.is_none() { " class=\"open\"" } else { "" },
                total.as_deref().unwrap_or("open")
            ),
        );
        for entry in &grade.entries {
            let record = entry.record.as_ref();
            self.count_level(record.and_then(|it| it.verdict.as_ref()));
            let shown = match (entry.state, entry.points) {
                (State::Missing, Some(0.0)) => "–".to_owned(),
                (_, Some(points)) => shown(points),
                (_, None) => "open".to_owned(),
            };
            let mark = match entry.points {
                None => " class=\"open\"",
                Some(_) => "",
            };
            put(&mut self.rows, format_args!("<td{mark}>{shown}</td>"));
            if entry.points.is_none() {
                let says = record.and_then(|it| it.says.as_deref());
                put(
                    &mut self.open,
                    format_args!(
                        "<li>{id}, {}: {}</li>\n",
                        escape(&entry.exercise),
                        escape(says.unwrap_or("not judged yet"))
                    ),
                );
            }
        }
        self.rows.push_str("</tr>\n");
    }

    fn count_level(&mut self, verdict: Option<&Verdict>) {
        // Where there is no program, none was contained.
        let ran = verdict.filter(|it| it.verdict != Word::BuildFailed);
        if let Some(verdict) = ran {
            self.levels[verdict.contained as usize % 3] += 1;
        }
    }

    pub(crate) fn text(
        &self,
        settings: &Settings,
        exercises: &[String],
        failures: &Failures,
        refused: &[String],
    ) -> String {
        let [full, partial, none] = self.levels;
        let mut body = format!(
            "<p>{} students. Programs that ran contained in full: {full}, in \
             part: {partial}, not at all: {none}.</p>\n",
            self.count
        );
        body.push_str("<h2>Which rules fail most</h2>\n");
        body.push_str(&rules(failures));
        if !self.open.is_empty() {
            put(
                &mut body,
                format_args!(
                    "<h2>Without a verdict: nobody's zero</h2>\n<ul>\n{}</ul>\n",
                    self.open
                ),
            );
        }
        if !refused.is_empty() {
            body.push_str("<h2>Not taken</h2>\n<ul>\n");
            for line in refused {
                put(&mut body, format_args!("<li>{}</li>\n", escape(line)));
            }
            body.push_str("</ul>\n");
        }
        body.push_str(
            "<h2>Points</h2>\n<div class=\"wide\">\n<table class=\"points\">\n\
             <tr><th>student</th><th>total</th>",
        );
        for exercise in exercises {
            put(&mut body, format_args!("<th>{}</th>", escape(exercise)));
        }
        put(&mut body, format_args!("</tr>\n{}</table>\n</div>\n", self.rows));
        page(&settings.title, &body)
    }
}

fn rules(failures: &Failures) -> String {
    if failures.is_empty() {
        return "<p>None has failed.</p>\n".to_owned();
    }
    let mut all: Vec<_> = failures.iter().collect();
    all.sort_by(|(a, (more, _)), (b, (less, _))| {
        less.cmp(more).then_with(|| a.cmp(b))
    });
    let mut text =
        "<div class=\"wide\">\n<table class=\"rules\">\n<tr><th>rule</th><th>submissions</th>\
                    <th>exercises</th></tr>\n"
            .to_owned();
    for (rule, (count, by)) in all {
        let by = by.iter().map(|(it, count)| format!("{it} {count}"));
        put(
            &mut text,
            format_args!(
                "<tr><td>{}</td><td>{count}</td><td>{}</td></tr>\n",
                escape(rule),
                escape(&by.collect::<Vec<_>>().join(", "))
            ),
        );
    }
    text.push_str("</table>\n</div>\n");
    text
}

/// Text takes in any text.
fn put(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).ok();
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop\
                                qrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let [a, b, c] = three.map(u32::from);
        let word = a << 16 | b << 8 | c;
        for at in 0..4 {
            let digit = word >> (18 - 6 * at) & 63;
            let is_filled = at <= chunk.len();
            let digit = if is_filled { DIGITS[digit as usize] } else { b'=' };
            text.push(char::from(digit));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base64, escape, escape_lines, findings, in_address, marked};

    #[test]
    fn no_markup_of_a_stranger_gets_through() {
        let text = "<script>alert('x')</script>&\"\u{202e}\u{1b}[31m";
        let safe = escape(text);
        assert!(!safe.contains(['<', '>', '"', '\'', '\u{202e}', '\u{1b}']));
        assert!(safe.starts_with("&lt;script&gt;alert(&#39;x&#39;)"));
        assert_eq!(escape_lines("a<\nb"), "a&lt;\nb");
    }

    #[test]
    fn what_stands_between_accents_is_code_and_never_markup() {
        assert_eq!(marked("a `pipe(7)` <b"), "a <code>pipe(7)</code> &lt;b");
        assert_eq!(marked("a ` b <"), "a ` b &lt;");
        assert_eq!(marked("`<x>`"), "<code>&lt;x&gt;</code>");
    }

    #[test]
    fn each_line_of_a_finding_is_a_line_of_the_page() {
        let verdict = serde_json::json!({
            "verdict": "fail", "works": false, "robust": null, "points": 0,
            "of": 10, "contained": "full", "findings": [{
                "rule": "write-end-open", "mark": "works", "run": "plain",
                "says": "A waits.\nA.1 <waits>.", "why": "", "read": "",
            }],
        });
        let verdict = serde_json::from_value(verdict).unwrap();
        let text = findings(&verdict);
        assert!(text.contains(">A waits.\nA.1 &lt;waits&gt;.</p>"), "{text}");
        assert!(text.contains("works: no, robust: open"), "{text}");
    }

    #[test]
    fn a_link_leads_to_the_file_of_that_name() {
        assert_eq!(in_address("ada_7"), "ada_7");
        assert_eq!(in_address("a b?#%\"é"), "a%20b%3F%23%25%22%C3%A9");
    }

    #[test]
    fn base64_is_as_others_read_it() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
