//! The verdict, as data.

use serde::{Deserialize, Serialize};
use trace::{Level, Who};

use crate::questions::Mark;

/// The version of the verdict's form.
pub const VERSION: u32 = 1;

/// What became of a submission.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Of the form: [`VERSION`].
    pub version: u32,
    /// The exercise's id.
    pub exercise: String,
    /// In one word.
    pub verdict: Word,
    /// Whether it has the mark `works`; `None` if that is not known.
    pub works: Option<bool>,
    /// Whether it has the mark `robust`; `None` if that is not known.
    pub robust: Option<bool>,
    /// The points; `None` if nobody can say.
    pub points: Option<u32>,
    /// The most there are.
    pub of: u32,
    /// The faults, the earliest cause first; one for each rule.
    pub findings: Vec<Finding>,
    /// What could not be judged.
    pub not_run: Vec<NotRun>,
    /// How much could be seen.
    pub observed: Level,
    /// How the submission was contained.
    pub contained: Containment,
    /// Replays the same plans: `--seed`.
    pub seed: u64,
    /// The compiler's own words, if there is no program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiler: Option<String>,
}

/// A verdict in one word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Both marks.
    Pass,
    /// At least one fault.
    Fail,
    /// No program.
    BuildFailed,
    /// No fault, but not all could be judged.
    Undecided,
}

/// How a submission was contained.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Containment {
    /// In namespaces of its own.
    Full,
    /// Without namespaces.
    Partial,
    /// Not at all.
    None,
}

/// One fault.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// The mark that it costs.
    pub mark: Mark,
    /// Whose fault it is, if it is one process's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<Who>,
    /// In which run.
    pub run: String,
    /// Under which plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What is asked by this plan, in the exercise's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<String>,
    /// The run as one would type it, a line each; empty where that is `cargo
    /// run` and no more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub typed: Vec<String>,
    /// What happened.
    pub says: String,
    /// What the run said on standard error, line by line, where `says` does
    /// not have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stderr: Vec<String>,
    /// Why it matters.
    pub why: &'static str,
    /// Where to read.
    pub read: &'static str,
}

/// What could not be judged.
#[derive(Clone, Debug, Serialize)]
pub struct NotRun {
    /// The run.
    pub run: String,
    /// The plan, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Why.
    pub why: String,
}

/// What is the same each time the same program is judged.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Canonical {
    /// The verdict.
    pub verdict: Word,
    /// The mark `works`.
    pub works: Option<bool>,
    /// The mark `robust`.
    pub robust: Option<bool>,
    /// The points.
    pub points: Option<u32>,
    /// The rules and the marks that they cost, the earliest cause first.
    pub rules: Vec<(&'static str, Mark)>,
}

impl Verdict {
    /// What is the same each time.
    pub fn canonical(&self) -> Canonical {
        let rules = self.findings.iter().map(|it| (it.rule, it.mark));
        Canonical {
            verdict: self.verdict,
            works: self.works,
            robust: self.robust,
            points: self.points,
            rules: rules.collect(),
        }
    }
}
