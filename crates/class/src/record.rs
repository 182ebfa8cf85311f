//! What is kept of one submission of one student.

use std::fmt;

use grader::{Containment, Mark, Word};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The version of a record's form.
pub const VERSION: u32 = 1;

/// The record of one submission.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    /// Of the form: [`VERSION`].
    pub version: u32,
    /// Whose it is.
    pub student: String,
    /// Of which exercise.
    pub exercise: String,
    /// What the verdict depends on, as one hash.
    pub key: Key,
    /// SHA-256 of the source.
    pub source: Key,
    /// What looks random in the plans, by this student.
    pub seed: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// How often it was tried.
    pub tries: u32,
    /// Why there is no verdict, if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// The grader's verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// What came of a submission.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A verdict that counts.
    Judged,
    /// The grader could not decide: nobody's zero.
    Undecided,
    /// The machine, and not the submission, stood in the way: nobody's zero.
    Infrastructure,
}

/// As much of a verdict as a class needs; the rest is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Verdict {
    /// In one word.
    pub verdict: Word,
    /// The mark `works`.
    pub works: Option<bool>,
    /// The mark `robust`.
    pub robust: Option<bool>,
    /// The points; `None` if nobody can say.
    pub points: Option<u32>,
    /// The most there are.
    pub of: u32,
    /// The faults, the earliest cause first.
    pub findings: Vec<Finding>,
    /// How the submission was contained.
    pub contained: Containment,
    /// The compiler's words, if there is no program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiler: Option<String>,
    /// Whatever else the grader says.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One fault.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// The mark that it costs.
    pub mark: Mark,
    /// In which run.
    pub run: String,
    /// Under which plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What happened.
    pub says: String,
    /// Why it matters.
    pub why: String,
    /// Where to read.
    pub read: String,
    /// Whatever else the grader says.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A SHA-256, in hexadecimal digits.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// Of several parts: where one ends counts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let digits = hasher.finalize();
        Self(digits.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The first 32 bits of it.
    pub fn number(&self) -> u32 {
        let digits = self.0.get(..8).unwrap_or("0");
        u32::from_str_radix(digits, 16).unwrap_or(0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What looks random in the plans for a student: the same on every machine
/// and in every run, and another for each student.
pub fn seed_of(class: u64, student: &str) -> u64 {
    let key = Key::of(&[b"seed", &class.to_le_bytes(), student.as_bytes()]);
    u64::from(key.number()) + 1
}

impl Record {
    /// What is the same each time the same submission is judged, as one line
    /// of JSON without its end.
    pub fn canonical(&self) -> String {
        let verdict = self.verdict.as_ref();
        let rules = verdict.map(|it| {
            let pair = |it: &Finding| (it.rule.clone(), it.mark);
            it.findings.iter().map(pair).collect::<Vec<_>>()
        });
        serde_json::json!({
            "student": self.student,
            "exercise": self.exercise,
            "source": self.source,
            "outcome": self.outcome,
            "verdict": verdict.map(|it| it.verdict),
            "works": verdict.and_then(|it| it.works),
            "robust": verdict.and_then(|it| it.robust),
            "points": verdict.and_then(|it| it.points),
            "of": verdict.map(|it| it.of),
            "rules": rules,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, seed_of};

    #[test]
    fn a_key_tells_where_its_parts_end() {
        assert_ne!(Key::of(&[b"ab", b"c"]), Key::of(&[b"a", b"bc"]));
        assert_eq!(Key::of(&[]).to_string(), EMPTY);
    }

    const EMPTY: &str =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_seed_is_the_students_own_and_stays_so() {
        assert_eq!(seed_of(1, "ada"), seed_of(1, "ada"));
        assert_ne!(seed_of(1, "ada"), seed_of(1, "bob"));
        assert_ne!(seed_of(1, "ada"), seed_of(2, "ada"));
        assert!(seed_of(1, "ada") > 0);
    }
}
