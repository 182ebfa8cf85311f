//! What became of some exercises: what every format is made from.

use std::fmt;
use std::time::Duration;

use grader::{FailingRun, Verdict, Word, human};
use picture::{LaneStyle, Story, Time, lanes, mermaid};
use serde_json::{Value, json as object};
use trace::Header;

use crate::plain::{colourless, harmless, harmless_json, one_line};

/// What became of some exercises, in the order in which they are told.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// One for each exercise.
    pub entries: Vec<Entry>,
}

/// What became of one exercise.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub exercise: String,
    /// The learner's file, as a path in the repository.
    pub source: String,
    /// What became of it.
    pub outcome: Outcome,
    /// How long judging took; zero if that is not known.
    pub took: Duration,
    /// The run that the first finding is about.
    pub picture: Option<Picture>,
}

/// What became of an exercise.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was judged, or could not be: the verdict says which.
    Judged(Box<Verdict>),
    /// There is no program yet.
    NotBegun {
        /// The points there are.
        of: u32,
    },
}

/// A failing run, drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    /// As lanes of text, at most 100 columns wide.
    pub lanes: String,
    /// As a Mermaid diagram.
    pub mermaid: String,
}

/// Exercises that nobody could judge: a report in points would call them
/// zeros, so there is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unjudged(Vec<String>);

impl Picture {
    /// Draws a run.
    pub fn of(run: FailingRun) -> Self {
        let header = Header::new(run.level, vec!["solution".to_owned()]);
        // A run that was cut off hangs, or never ends: that takes time.
        let time = if run.is_cut { Time::Linear } else { Time::Step };
        let story = Story::new(&header, run.events);
        let style = LaneStyle { width: 100, time, ascii: false, colour: false };
        Self { lanes: lanes(&story, &style), mermaid: mermaid(&story) }
    }
}

impl Entry {
    /// What became of an exercise, in the place where a learner solves it.
    pub fn new(exercise: String, outcome: Outcome) -> Self {
        Self {
            source: format!("work/{exercise}/src/main.rs"),
            exercise,
            outcome,
            took: Duration::ZERO,
            picture: None,
        }
    }

    /// The verdict, if there is one.
    pub fn verdict(&self) -> Option<&Verdict> {
        match &self.outcome {
            Outcome::Judged(verdict) => Some(verdict),
            Outcome::NotBegun { .. } => None,
        }
    }

    /// The points; `None` if nobody can say.
    pub fn points(&self) -> Option<u32> {
        match &self.outcome {
            Outcome::Judged(verdict) => verdict.points,
            Outcome::NotBegun { .. } => Some(0),
        }
    }

    /// The most points there are.
    pub fn of(&self) -> u32 {
        match &self.outcome {
            Outcome::Judged(verdict) => verdict.of,
            Outcome::NotBegun { of } => *of,
        }
    }

    /// Whether it has both marks.
    pub fn is_passed(&self) -> bool {
        self.verdict().is_some_and(|it| it.verdict == Word::Pass)
    }

    /// Whether nothing is known against it, and not all was judged.
    pub fn is_undecided(&self) -> bool {
        self.verdict().is_some_and(|it| it.verdict == Word::Undecided)
    }

    /// Whether it is known what it is worth. A proved fault may leave open
    /// how much it costs.
    pub fn is_decided(&self) -> bool {
        !self.is_undecided() && self.points().is_some()
    }

    /// The verdict in a word or two.
    pub fn word(&self) -> &'static str {
        let Some(verdict) = self.verdict() else { return "not begun" };
        match verdict.verdict {
            Word::Pass => "pass",
            Word::Fail if verdict.works == Some(true) => "works",
            Word::Fail => "fail",
            Word::BuildFailed => "does not compile",
            Word::Undecided => "undecided",
        }
    }

    /// The same word as an id: the rule of the first finding, or what else
    /// is the reason; `None` if it has passed.
    pub fn reason(&self) -> Option<&'static str> {
        let Some(verdict) = self.verdict() else { return Some("not-begun") };
        match (verdict.verdict, verdict.findings.first()) {
            (Word::Pass, _) => None,
            (Word::BuildFailed, _) => Some("build-failed"),
            (Word::Undecided, _) => Some("undecided"),
            (Word::Fail, first) => Some(first.map_or("fail", |it| it.rule)),
        }
    }

    /// In plain words, every finding in full, and nothing that a terminal or
    /// a reader's eye would obey.
    pub fn told(&self) -> String {
        match &self.outcome {
            Outcome::Judged(verdict) => {
                harmless(&colourless(&human(verdict, true)))
            }
            Outcome::NotBegun { of } => {
                let id = one_line(&self.exercise);
                format!(
                    "{id}: not begun  (0 of {of} points)\n\
                     `cargo learn {id}` begins it.\n"
                )
            }
        }
    }

    /// `3 of 10`, or `? of 10`.
    pub(crate) fn score(&self) -> String {
        let points = self.points().filter(|_| self.is_decided());
        let points = points.map_or_else(|| "?".to_owned(), |it| it.to_string());
        format!("{points} of {}", self.of())
    }

    fn from_json(line: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(line).map_err(|it| it.to_string())?;
        let version = value.get("version").and_then(Value::as_u64);
        if version.is_some_and(|it| it != u64::from(grader::VERSION)) {
            return Err("it is of another version".to_owned());
        }
        if value["verdict"] == "not-begun" {
            let id = value["exercise"].as_str();
            let of = value["of"].as_u64().and_then(|it| it.try_into().ok());
            let (Some(id), Some(of)) = (id, of) else {
                return Err("`exercise` or `of` is missing".to_owned());
            };
            return Ok(Self::new(id.to_owned(), Outcome::NotBegun { of }));
        }
        let verdict: Verdict =
            serde_json::from_value(value).map_err(|it| it.to_string())?;
        if verdict.points.is_some_and(|it| it > verdict.of) {
            return Err("it has more points than there are".to_owned());
        }
        let id = verdict.exercise.clone();
        Ok(Self::new(id, Outcome::Judged(Box::new(verdict))))
    }
}

impl Sheet {
    /// Reads what [`json`] wrote: one object a line.
    ///
    /// # Errors
    /// With its number, the first line that is no verdict.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let entry = Entry::from_json(line).map_err(|why| {
                let why = one_line(&why);
                format!("line {} is no verdict: {why}", number + 1)
            })?;
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// The points of all, and the most there are.
    pub(crate) fn points(&self) -> (u32, u32) {
        let points = self.entries.iter().filter_map(Entry::points);
        let of = self.entries.iter().map(Entry::of);
        let add = |sum: u32, it: u32| sum.saturating_add(it);
        (points.fold(0, add), of.fold(0, add))
    }

    /// Whether all is known that a report in points says.
    pub(crate) fn decided(&self) -> Result<(), Unjudged> {
        let open = self.entries.iter().filter(|it| !it.is_decided());
        let open: Vec<String> = open.map(|it| one_line(&it.exercise)).collect();
        if open.is_empty() { Ok(()) } else { Err(Unjudged(open)) }
    }
}

/// One JSON object a line: the verdict, or that nothing was begun.
///
/// # Returns
/// What [`Sheet::read`] reads.
pub fn json(entry: &Entry) -> String {
    let value = match &entry.outcome {
        // A verdict has strings, numbers and lists: that cannot fail.
        Outcome::Judged(verdict) => {
            serde_json::to_string(verdict).unwrap_or_default()
        }
        Outcome::NotBegun { of } => object!({
            "version": grader::VERSION,
            "exercise": entry.exercise,
            "verdict": "not-begun",
            "works": false,
            "robust": false,
            "points": 0,
            "of": of,
            "findings": [],
            "not_run": [],
        })
        .to_string(),
    };
    harmless_json(&value) + "\n"
}

impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.join(", ");
        write!(
            f,
            "{names} could not be judged here, and that is no zero: no \
                   report is written; grade again where `cargo grade` can \
                   judge it"
        )
    }
}

impl std::error::Error for Unjudged {}
