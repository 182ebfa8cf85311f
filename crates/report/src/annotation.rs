//! GitHub Actions: annotations, and a log in which nothing is a command.
//!
//! The runner obeys any line whose first signs are `::`, and any line with
//! `##[` in it.

use grader::{Mark, Verdict, Word};

use crate::plain::{cut, harmless, one_line};
use crate::sheet::{Entry, Sheet};

/// The runner shows no more of each level for one step.
const MOST: usize = 10;
/// It cuts a message at 4096 characters.
const MESSAGE: usize = 4_000;

struct Annotation {
    level: &'static str,
    file: String,
    /// Line and column, from 1.
    place: Option<(u32, u32)>,
    title: String,
    message: String,
}

/// Workflow commands, one a line: an `error` for what costs the mark works or
/// does not compile, a `warning` for what costs the mark robust or could not
/// be judged, a `notice` for what is not begun. At most ten of each, the
/// earliest cause of each exercise before all others.
pub fn annotations(sheet: &Sheet) -> String {
    let mut first = Vec::new();
    let mut others = Vec::new();
    for entry in &sheet.entries {
        let mut all = of(entry).into_iter();
        first.extend(all.next());
        others.extend(all);
    }
    let all = first.iter().chain(&others);
    let mut text = String::new();
    for level in ["error", "warning", "notice"] {
        let these = all.clone().filter(|it| it.level == level);
        these.take(MOST).for_each(|it| text.push_str(&it.command()));
    }
    text
}

/// Text for the log of a job: the runner obeys no line of it.
pub fn log(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive(['\n', '\r']) {
        let line = line.replace("##[", "## [");
        // Colours and what has no width may stand before it.
        let start = line.find(|c: char| c.is_ascii_graphic() && c != '\x1b');
        if start.is_some_and(|at| line[at..].starts_with("::")) {
            out.push_str("│ ");
        }
        out.push_str(&line);
    }
    out
}

fn of(entry: &Entry) -> Vec<Annotation> {
    let Some(verdict) = entry.verdict() else {
        return vec![one(entry, "notice", "not begun", &entry.told())];
    };
    match verdict.verdict {
        Word::Pass => Vec::new(),
        Word::BuildFailed => {
            let said = verdict.compiler.as_deref().unwrap_or_default();
            let mut it = one(entry, "error", "does not compile", said);
            it.place = place(said);
            vec![it]
        }
        Word::Fail | Word::Undecided => found(entry, verdict),
    }
}

fn found(entry: &Entry, verdict: &Verdict) -> Vec<Annotation> {
    let findings = verdict.findings.iter().map(|it| {
        let level = match it.mark {
            Mark::Works => "error",
            Mark::Robust => "warning",
        };
        let plan = it.plan.as_ref().map(|plan| format!(", under '{plan}'"));
        let plan = plan.unwrap_or_default();
        let says = format!(
            "{}\n(in the run '{}'{plan})\n{}\nRead: {}",
            it.says, it.run, it.why, it.read
        );
        one(entry, level, it.rule, &says)
    });
    let open = verdict.not_run.iter().map(|it| {
        let says = match it.run.as_str() {
            "" => it.why.clone(),
            run => format!("{}\n(the run '{run}')", it.why),
        };
        one(entry, "warning", "not judged", &says)
    });
    findings.chain(open).collect()
}

fn one(
    entry: &Entry,
    level: &'static str,
    what: &str,
    says: &str,
) -> Annotation {
    Annotation {
        level,
        file: entry.source.clone(),
        place: None,
        title: format!("{}: {what}", entry.exercise),
        message: says.to_owned(),
    }
}

/// Where the compiler found the first error: it says `--> FILE:LINE:COLUMN`.
fn place(said: &str) -> Option<(u32, u32)> {
    let line = said.lines().find(|it| it.trim_start().starts_with("--> "))?;
    let mut parts = line.rsplitn(3, ':');
    let column = parts.next()?.trim().parse().ok()?;
    Some((parts.next()?.parse().ok()?, column))
}

impl Annotation {
    fn command(&self) -> String {
        let mut properties = format!("file={}", property(&self.file));
        if let Some((line, column)) = self.place {
            properties.push_str(&format!(",line={line},col={column}"));
        }
        let (level, title) = (self.level, property(&self.title));
        let message = escaped(&cut(harmless(&self.message).trim(), MESSAGE));
        format!("::{level} {properties},title={title}::{message}\n")
    }
}

fn property(text: &str) -> String {
    let text = escaped(&cut(&one_line(text), 200));
    text.replace(':', "%3A").replace(',', "%2C")
}

fn escaped(text: &str) -> String {
    let text = text.replace("##[", "## [").replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::{log, place};

    #[test]
    fn no_line_of_a_log_is_a_command() {
        let text = "a\n ::set-output name=x::y\n\t::add-mask::x\nb ::c\n\
                    x ##[error]y\r::stop-commands::z\n\x1b[0m::warning::w\n";
        for line in log(text).split(['\n', '\r']) {
            assert!(!line.contains("##["), "{line:?}");
            let start =
                line.trim_start_matches(|c: char| !c.is_ascii_graphic());
            assert!(!start.starts_with("::") || line.starts_with('│'));
        }
        assert!(log(text).contains("b ::c\n"), "harmless lines stay");
    }

    #[test]
    fn the_place_is_the_compilers() {
        let said = "error: x\n --> work/a:b/main.rs:3:5\n  --> y:1:1";
        assert_eq!(place(said), Some((3, 5)));
        assert_eq!(place("error\n --> x:y:z"), None);
    }
}
