//! The verdict, as data.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use trace::{Level, Who};

use crate::exercise::Exercise;
use crate::questions::Mark;
use crate::rules::rule;

/// The version of the verdict's form.
pub const VERSION: u32 = 1;

/// What became of a submission.
#[derive(Clone, Debug, Deserialize, Serialize)]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// One fault. Read back, why it matters and where to read are those of today's
/// catalogue.
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

/// A fault as it stands in JSON.
#[derive(Deserialize)]
struct Told {
    rule: String,
    mark: Mark,
    who: Option<Who>,
    run: String,
    plan: Option<String>,
    asks: Option<String>,
    #[serde(default)]
    typed: Vec<String>,
    says: String,
    #[serde(default)]
    stderr: Vec<String>,
}

impl<'de> Deserialize<'de> for Finding {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let told = Told::deserialize(from)?;
        let rule = rule(&told.rule).ok_or_else(|| {
            let id = crate::plain::clean(&told.rule);
            Error::custom(format_args!("there is no rule '{id}'"))
        })?;
        Ok(Self {
            rule: rule.id,
            mark: told.mark,
            who: told.who,
            run: told.run,
            plan: told.plan,
            asks: told.asks,
            typed: told.typed,
            says: told.says,
            stderr: told.stderr,
            why: rule.why(),
            read: rule.read(),
        })
    }
}

/// What could not be judged.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NotRun {
    /// The run; empty if none was begun.
    pub run: String,
    /// The plan, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// Nothing was judged, for a reason that is not the program's: no mark,
    /// no points, and never a zero.
    pub fn unjudged(exercise: &Exercise, seed: u64, why: String) -> Self {
        let worth = exercise.questions().points;
        Self {
            version: VERSION,
            exercise: exercise.id().to_owned(),
            verdict: Word::Undecided,
            works: None,
            robust: None,
            points: None,
            of: worth.works + worth.robust,
            findings: Vec::new(),
            not_run: vec![NotRun { run: String::new(), plan: None, why }],
            observed: Level::Light,
            contained: Containment::None,
            seed,
            compiler: None,
        }
    }

    /// There is no program, for a reason that `says` tells.
    pub fn no_program(exercise: &Exercise, seed: u64, says: String) -> Self {
        Self {
            verdict: Word::BuildFailed,
            works: Some(false),
            robust: Some(false),
            points: Some(0),
            not_run: Vec::new(),
            observed: Level::Full,
            compiler: Some(says),
            ..Self::unjudged(exercise, seed, String::new())
        }
    }

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

#[cfg(test)]
mod tests {
    use super::Verdict;

    const JSON: &str = r#"{"version":1,"exercise":"pipes-relay",
        "verdict":"fail","works":false,"robust":false,"points":0,"of":10,
        "findings":[{"rule":"RULE","mark":"works","who":"A.1","run":"plain",
        "says":"it hangs","why":"old","read":"old"}],"not_run":[],
        "observed":"full","contained":"none","seed":1}"#;

    #[test]
    fn a_verdict_that_is_read_back_has_the_pages_of_today() {
        let json = JSON.replace("RULE", "write-end-open");
        let verdict: Verdict = serde_json::from_str(&json).unwrap();
        let found = &verdict.findings[0];
        let rule = crate::rule("write-end-open").unwrap();
        assert_eq!((found.why, found.read), (rule.why(), rule.read()));
        let again = serde_json::to_string(&verdict).unwrap();
        let again: Verdict = serde_json::from_str(&again).unwrap();
        assert_eq!(verdict.canonical(), again.canonical());
    }

    #[test]
    fn a_rule_that_nobody_knows_is_refused() {
        let json = JSON.replace("RULE", "no-such-rule");
        let error = serde_json::from_str::<Verdict>(&json).unwrap_err();
        assert!(error.to_string().contains("'no-such-rule'"), "{error}");
    }
}
