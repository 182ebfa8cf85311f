//! JUnit XML, as the schemas of Ant and of Jenkins want it.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::date::utc;
use crate::plain::{cut, markup, one_line};
use crate::sheet::{Entry, Sheet};

/// A message is a line, the text below it tells the rest.
const MESSAGE: usize = 300;
const TEXT: usize = 60_000;

/// One test suite with one test case for each exercise.
///
/// What was not passed is a `failure` of the rule's type, or `build-failed`,
/// or `not-begun`; what could not be judged is an `error` of type
/// `undecided`. Points are properties of the suite: `points.EXERCISE`.
pub fn junit(sheet: &Sheet, now: SystemTime) -> String {
    let count =
        |is_it: fn(&&Entry) -> bool| sheet.entries.iter().filter(is_it).count();
    let failures = count(|it| !it.is_undecided() && !it.is_passed());
    let errors = count(|it| it.is_undecided());
    let took = seconds(sheet.entries.iter().map(|it| it.took).sum());
    let tests = sheet.entries.len();
    let timestamp = utc(now);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\
         <testsuite name=\"forklore\" package=\"forklore\" id=\"0\" \
         timestamp=\"{timestamp}\" hostname=\"localhost\" tests=\"{tests}\" \
         failures=\"{failures}\" errors=\"{errors}\" time=\"{took}\">\n"
    );
    xml.push_str(&properties(sheet));
    for entry in &sheet.entries {
        xml.push_str(&case(entry));
    }
    xml.push_str("<system-out></system-out>\n<system-err></system-err>\n");
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

fn properties(sheet: &Sheet) -> String {
    let (points, of) = sheet.points();
    let mut xml = "<properties>\n".to_owned();
    // Nobody shall take for a result what is not one.
    if sheet.decided().is_ok() {
        property(&mut xml, "points", &points.to_string());
    }
    property(&mut xml, "of", &of.to_string());
    for entry in &sheet.entries {
        let name = format!("points.{}", entry.exercise);
        property(&mut xml, &name, &entry.score());
    }
    xml.push_str("</properties>\n");
    xml
}

fn property(xml: &mut String, name: &str, value: &str) {
    let (name, value) = (attribute(name), attribute(value));
    writeln!(xml, "<property name=\"{name}\" value=\"{value}\"/>").ok();
}

fn case(entry: &Entry) -> String {
    let name = attribute(&entry.exercise);
    let took = seconds(entry.took);
    let head = format!(
        "<testcase name=\"{name}\" classname=\"forklore\" time=\"{took}\""
    );
    let Some(reason) = entry.reason() else { return head + "/>\n" };
    let element = if entry.is_undecided() { "error" } else { "failure" };
    let message = attribute(&cut(&headline(entry), MESSAGE));
    let text = markup(&cut(&entry.told(), TEXT));
    format!(
        "{head}>\n<{element} type=\"{reason}\" message=\"{message}\">{text}\
         </{element}>\n</testcase>\n"
    )
}

/// What happened, in a line.
fn headline(entry: &Entry) -> String {
    let verdict = entry.verdict();
    let finding = verdict.and_then(|it| it.findings.first());
    let open = verdict.and_then(|it| it.not_run.first());
    match (finding, open) {
        (Some(finding), _) => format!("{}: {}", finding.rule, finding.says),
        (None, Some(open)) => format!("undecided: {}", open.why),
        (None, None) => entry.word().to_owned(),
    }
}

fn attribute(text: &str) -> String {
    markup(&one_line(text))
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}
