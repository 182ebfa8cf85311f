//! Whatever a submission wrote into a verdict stays text in every format.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use report::{
    Entry, Outcome, Picture, Sheet, Submission, annotations, classroom50,
    gradescope, json, junit, summary,
};
use serde_json::{Value, json as object};

/// What leaves a format if nobody looks, in one text.
const HOSTILE: &str = "x\n::set-output name=a::b\r::stop-commands::t\n\
    ##[error]no %0A%0D::warning::w\n| `cell` |\n```\n~~~\n</pre>\
    </details></code><script>alert(1)</script><img src=x onerror=y>\n\
    ]]></failure><!-- \"' &amp; -->\n@somebody #1 https://x.example www.x.y \
    [a](b) ![c](d) **b** $m$ \u{202e}\u{200b}\u{1b}[31m\u{7}\u{0}\u{ffff}";

fn verdict(word: &str, exercise: &str) -> Value {
    let has = (word != "undecided").then_some(word == "pass");
    object!({
        "version": 1, "exercise": exercise, "verdict": word,
        "works": has, "robust": has,
        "points": has.map(|it| if it { 10 } else { 0 }), "of": 10,
        "findings": [], "not_run": [],
        "observed": "full", "contained": "none", "seed": 1,
    })
}

/// One of each kind, hostile wherever a text may stand.
fn lines() -> Vec<Value> {
    let finding = |rule: &str, mark: &str| {
        object!({"rule": rule, "mark": mark, "who": "A.1", "run": HOSTILE,
            "plan": HOSTILE, "says": HOSTILE, "why": HOSTILE,
            "read": HOSTILE})
    };
    let mut fail = verdict("fail", HOSTILE);
    fail["findings"] = object!([
        finding("write-end-open", "works"),
        finding("child-not-waited", "robust"),
    ]);
    let mut build = verdict("build-failed", HOSTILE);
    build["compiler"] = object!(HOSTILE);
    let open = object!([{"run": HOSTILE, "plan": HOSTILE, "why": HOSTILE}]);
    let mut undecided = verdict("undecided", HOSTILE);
    undecided["not_run"] = open;
    let absent = object!({"exercise": HOSTILE, "verdict": "not-begun",
        "of": 10});
    vec![fail, build, undecided, absent, verdict("pass", HOSTILE)]
}

fn sheet(lines: &[Value]) -> Sheet {
    let text: String = lines.iter().map(|it| format!("{it}\n")).collect();
    let mut sheet = Sheet::read(&text).expect("all are verdicts");
    for entry in &mut sheet.entries {
        entry.source = HOSTILE.to_owned();
        entry.picture = Some(Picture {
            lanes: HOSTILE.to_owned(),
            mermaid: "sequenceDiagram\n".to_owned(),
        });
    }
    sheet
}

fn hostile() -> Sheet {
    sheet(&lines())
}

/// Without what nobody could judge.
fn decided() -> Sheet {
    let mut lines = lines();
    lines.retain(|it| it["verdict"] != "undecided");
    sheet(&lines)
}

fn is_plain(text: &str) -> bool {
    !text.contains(['\u{202e}', '\u{200b}', '\u{1b}', '\u{7}', '\u{0}'])
        && !text.contains(['\r', '\u{ffff}'])
}

/// Level, properties and message, as the runner's parser takes them apart.
fn parsed(line: &str) -> (&str, Vec<(&str, String)>, String) {
    let unescaped = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",");
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    };
    let line = line.strip_prefix("::").expect("a command");
    let (head, message) = line.split_once("::").expect("its message");
    let (level, properties) = head.split_once(' ').expect("properties");
    let properties = properties.split(',').map(|it| {
        let (name, value) = it.split_once('=').expect("a property");
        (name, unescaped(value))
    });
    (level, properties.collect(), unescaped(message))
}

#[test]
fn every_line_for_github_is_an_annotation_of_ours() {
    let text = annotations(&hostile());
    assert!(is_plain(&text), "{text:?}");
    assert!(!text.contains("##["), "{text}");
    assert_eq!(text.lines().count(), 5, "{text}");
    for line in text.lines() {
        let (level, properties, message) = parsed(line);
        assert!(["error", "warning", "notice"].contains(&level), "{line}");
        let names: Vec<&str> = properties.iter().map(|it| it.0).collect();
        assert_eq!(names, ["file", "title"], "{line}");
        assert!(message.contains("::set-output name=a::b\\u{d}"), "{message}");
    }
}

#[test]
fn no_level_has_more_annotations_than_are_shown_and_each_exercise_has_one() {
    let mut fail = lines().remove(0);
    let one = fail["findings"][0].clone();
    fail["findings"] = Value::Array(vec![one; 5]);
    let sheet = Sheet::read(&format!("{fail}\n").repeat(4)).unwrap();
    assert_eq!(annotations(&sheet).lines().count(), 10);
    let mut sheet = sheet;
    for (number, entry) in sheet.entries.iter_mut().enumerate() {
        entry.exercise = format!("exercise-{number}");
    }
    let text = annotations(&sheet);
    for number in 0..4 {
        assert!(
            text.contains(&format!("title=exercise-{number}%3A")),
            "{text}"
        );
    }
}

#[test]
fn a_message_is_never_cut_by_the_runner() {
    let mut build = lines().remove(1);
    build["compiler"] = object!("😀%\n".repeat(10_000));
    let text = annotations(&Sheet::read(&build.to_string()).unwrap());
    let (_, _, message) = parsed(text.trim_end());
    assert!(message.encode_utf16().count() <= 4096);
    assert!(message.ends_with('…'));
}

#[test]
fn the_tags_of_a_summary_are_ours() {
    let text = summary(&hostile(), 1_000_000);
    assert!(is_plain(&text), "{text:?}");
    let known = ["details", "summary", "code", "pre"];
    for tag in text.split('<').skip(1) {
        let (name, _) = tag.split_once('>').expect("its end");
        assert!(known.contains(&name.trim_start_matches('/')), "<{name}>");
    }
    // Each cell is one: a name adds none.
    let rows = text.lines().filter(|it| it.starts_with("| <code>"));
    let bars: Vec<usize> = rows.map(|it| it.matches('|').count()).collect();
    assert_eq!(bars, [5; 5], "{text}");
    assert_eq!(text.matches("```mermaid\n").count(), 4, "{text}");
}

#[test]
fn a_summary_fits_and_the_points_stay_longest() {
    let sheet = hostile();
    let mut before = usize::MAX;
    for room in [1_000_000, 9_000, 4_500, 200, 20] {
        let text = summary(&sheet, room);
        assert!(text.len() <= room && text.len() <= before, "{room}: {text}");
        before = text.len();
        let has_points = text.contains("10 of 50 points, 1 not judged");
        assert_eq!(has_points, room > 20, "{text}");
    }
    let words = summary(&sheet, summary(&sheet, 1_000_000).len() - 1);
    assert!(!words.contains("mermaid") && words.contains("<pre>"), "{words}");
}

fn submission() -> Submission {
    Submission::of(|name| match name {
        "REVIEW_URL" | "OWNER" | "ASSIGNMENT_TYPE" => None,
        "SUBMISSION_TAG" => Some("submit/x".to_owned()),
        name => Some(name.to_lowercase()),
    })
    .expect("nothing is missing")
}

#[test]
fn what_nobody_could_judge_is_never_a_zero() {
    let now = SystemTime::now();
    let all = hostile();
    let says = gradescope(&all).unwrap_err().to_string();
    assert!(says.contains("no report is written"), "{says}");
    assert!(is_plain(&says) && !says.contains('\n'), "{says:?}");
    assert!(classroom50(&all, &submission(), now).is_err());
    let xml = junit(&all, now);
    assert_eq!(xml.matches("<error type=\"undecided\"").count(), 1, "{xml}");
    assert!(xml.contains("value=\"? of 10\""), "{xml}");
    assert!(!xml.contains("name=\"points\""), "{xml}");
    let commands = annotations(&all);
    let warned = commands.lines().filter(|it| it.starts_with("::warning "));
    assert_eq!(warned.count(), 2, "{commands}");
    assert!(summary(&all, 1_000_000).contains("| undecided | ? of 10 |"));

    // A proved fault whose price is open is a fault, and no number of points.
    let mut fault = lines().remove(0);
    fault["points"] = Value::Null;
    let all = sheet(&[fault]);
    assert!(gradescope(&all).is_err());
    assert!(junit(&all, now).contains("<failure type=\"write-end-open\""));
}

#[test]
fn points_are_those_of_the_verdicts() {
    let all = decided();
    let results: Value =
        serde_json::from_str(&gradescope(&all).unwrap()).unwrap();
    let scores = |list: &Value, key: &str| -> Vec<u64> {
        let tests = list["tests"].as_array().expect("a list");
        tests.iter().map(|it| it[key].as_u64().expect("a number")).collect()
    };
    assert_eq!(scores(&results, "score"), [0, 0, 0, 10]);
    assert_eq!(scores(&results, "max_score"), [10; 4]);
    let moment = UNIX_EPOCH + Duration::from_secs(951_782_400);
    let result = classroom50(&all, &submission(), moment).unwrap();
    let result: Value = serde_json::from_str(&result).unwrap();
    assert_eq!(scores(&result, "score"), [0, 0, 0, 10]);
    assert_eq!(
        (&result["score"], &result["max-score"]),
        (&10.into(), &40.into())
    );
    assert_eq!(result["datetime"], "2000-02-29T00:00:00Z");
    assert_eq!(result["owner"], "username");
    assert_eq!(result["review"], "commit_url");
    assert_eq!(result["tests"][3]["passed"], true);
}

#[test]
fn who_is_not_started_by_classroom50_is_told_what_is_missing() {
    let says = Submission::of(|_| None).unwrap_err();
    assert!(says.starts_with("COMMIT_URL is not"), "{says}");
}

#[test]
fn verdicts_are_read_back_as_they_were_written() {
    for line in lines() {
        let once = Sheet::read(&line.to_string()).unwrap();
        let written = json(&once.entries[0]);
        assert_eq!(written.lines().count(), 1);
        assert!(is_plain(&written), "{written:?}");
        let again = Sheet::read(&written).unwrap();
        assert_eq!(json(&again.entries[0]), written);
        assert_eq!(again.entries[0].exercise, HOSTILE);
    }
}

#[test]
fn what_is_no_verdict_is_refused_with_its_line() {
    let good = verdict("pass", "x").to_string();
    let mut newer = verdict("pass", "x");
    newer["version"] = object!(2);
    let mut rich = verdict("pass", "x");
    rich["points"] = object!(11);
    for (bad, why) in [
        ("\u{1b}{".to_owned(), "expected value"),
        (newer.to_string(), "another version"),
        (rich.to_string(), "more points than there are"),
        (r#"{"verdict":"not-begun"}"#.to_owned(), "`exercise` or `of`"),
        ("[]".to_owned(), "expected"),
    ] {
        let says = Sheet::read(&format!("{good}\n\n{bad}\n")).unwrap_err();
        assert!(says.starts_with("line 3 is no verdict: "), "{says}");
        assert!(says.contains(why) && is_plain(&says), "{says:?}");
    }
}

#[test]
fn an_exercise_that_is_not_begun_is_named_as_such() {
    let outcome = Outcome::NotBegun { of: 10 };
    let entry = Entry::new("pipes-relay".to_owned(), outcome);
    assert_eq!(entry.source, "work/pipes-relay/src/main.rs");
    assert!(entry.told().contains("not begun  (0 of 10 points)"));
    let sheet = Sheet { entries: vec![entry] };
    let xml = junit(&sheet, SystemTime::now());
    assert!(xml.contains("<failure type=\"not-begun\""), "{xml}");
    assert!(annotations(&sheet).starts_with("::notice "));
    assert!(gradescope(&sheet).unwrap().contains("\"not-begun\""));
}
