//! Gradescope's `results.json`.

use serde_json::{Value, json};

use crate::plain::{cut, harmless, one_line};
use crate::sheet::{Entry, Sheet, Unjudged};

/// More of a test's output is not shown.
const OUTPUT: usize = 30_000;

/// One test for each exercise, with its points; all text is text, and no HTML
/// or Markdown.
///
/// # Errors
/// If an exercise is undecided: without this file, Gradescope tells that the
/// autograder has failed, and gives no points.
pub fn gradescope(sheet: &Sheet) -> Result<String, Unjudged> {
    sheet.decided()?;
    let (points, of) = sheet.points();
    let tests: Vec<Value> =
        sheet.entries.iter().enumerate().map(test).collect();
    let took = sheet.entries.iter().map(|it| it.took.as_secs()).sum::<u64>();
    let results = json!({
        "output": format!("Forklore: {points} of {of} points\n"),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "execution_time": took,
        "stdout_visibility": "hidden",
        "tests": tests,
    });
    Ok(format!("{results:#}\n"))
}

fn test((number, entry): (usize, &Entry)) -> Value {
    let status = if entry.is_passed() { "passed" } else { "failed" };
    let mut output = entry.told();
    if let Some(picture) = &entry.picture {
        output.push('\n');
        output.push_str(&harmless(&picture.lanes));
    }
    let tags: Vec<&str> = entry.reason().into_iter().collect();
    json!({
        "name": one_line(&entry.exercise),
        "name_format": "text",
        "number": (number + 1).to_string(),
        "score": entry.points(),
        "max_score": entry.of(),
        "status": status,
        "output": cut(&output, OUTPUT),
        "output_format": "text",
        "tags": tags,
        "visibility": "visible",
    })
}
