//! classroom50's `result.json`, form `classroom50/result/v1`.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::date::utc;
use crate::plain::{cut, one_line};
use crate::sheet::{Entry, Sheet, Unjudged};

/// A message is shown in a line.
const MESSAGE: usize = 2_000;

/// What classroom50's runner says of a submission, in the environment.
#[derive(Clone, Debug)]
pub struct Submission {
    classroom: String,
    assignment: String,
    kind: String,
    owner: String,
    tag: String,
    commit: String,
    release: String,
    review: String,
}

impl Submission {
    /// Reads it by a function that looks up a variable.
    ///
    /// # Errors
    /// The name of a variable that is missing, and who sets it.
    pub fn of(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let look_up = |name: &str| variable(name).filter(|it| !it.is_empty());
        let need = |name: &str| {
            look_up(name).ok_or_else(|| {
                format!(
                    "{name} is not in the environment: --format classroom50 \
                     is for an autograder.py that classroom50's runner starts"
                )
            })
        };
        let commit = need("COMMIT_URL")?;
        let kind = look_up("ASSIGNMENT_TYPE");
        Ok(Self {
            classroom: need("CLASSROOM")?,
            assignment: need("ASSIGNMENT")?,
            kind: kind.unwrap_or_else(|| "individual".to_owned()),
            owner: look_up("OWNER").map_or_else(|| need("USERNAME"), Ok)?,
            tag: need("SUBMISSION_TAG")?,
            release: need("RELEASE_URL")?,
            review: look_up("REVIEW_URL").unwrap_or_else(|| commit.clone()),
            commit,
        })
    }
}

/// One test for each exercise.
///
/// The runner puts the submission's own time in place of `datetime`.
///
/// # Errors
/// If an exercise is undecided: whoever writes no result and exits with
/// another code than 0 tells classroom50 that the grader has failed.
pub fn classroom50(
    sheet: &Sheet,
    submission: &Submission,
    now: SystemTime,
) -> Result<String, Unjudged> {
    sheet.decided()?;
    let (points, of) = sheet.points();
    let tests: Vec<Value> = sheet.entries.iter().map(test).collect();
    let result = json!({
        "schema": "classroom50/result/v1",
        "classroom": submission.classroom,
        "assignment": submission.assignment,
        "assignment_type": submission.kind,
        "owner": submission.owner,
        "submission": submission.tag,
        "commit": submission.commit,
        "release": submission.release,
        "review": submission.review,
        "datetime": format!("{}Z", utc(now)),
        "score": points,
        "max-score": of,
        "tests": tests,
    });
    Ok(format!("{result:#}\n"))
}

/// A test's name stands in a table of Markdown later on: of it, only what an
/// id is made of is kept.
fn test(entry: &Entry) -> Value {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name = one_line(&entry.exercise).replace(|c| !is_plain(c), "_");
    json!({
        "test-name": if name.is_empty() { "_".to_owned() } else { name },
        "passed": entry.is_passed(),
        "score": entry.points(),
        "max-score": entry.of(),
        "message": one_line(&cut(&entry.told(), MESSAGE)),
    })
}
