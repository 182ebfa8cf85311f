//! `forklore grade` in the formats of other systems, by the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use course::{course_of, target};
use serde_json::Value;

mod course;

const SAY: &str = "crates/forklore/fixtures/learn/say";

/// A course of four exercises: one is solved, one does not compile, one has a
/// folder where its program should be, one is not begun.
fn course(name: &str) -> PathBuf {
    let each = ["right", "broken", "folder", "later"]
        .map(|exercise| ("lesson-01-execution", exercise, SAY));
    let course = course_of(name, &each);
    let right =
        fs::read(course.join(SAY).join("right.rs")).expect("it can be done");
    let broken = "fn main() { \"\n::error::obeyed ##[error]\u{202e}\": u8; }\n";
    for (exercise, program) in
        [("right", &right[..]), ("broken", broken.as_bytes())]
    {
        let folder = course.join(format!("work/execution-{exercise}/src"));
        fs::create_dir_all(&folder).expect("it can be done");
        fs::write(folder.join("main.rs"), program).expect("it can be done");
    }
    let folder = course.join("work/execution-folder/src/main.rs");
    fs::create_dir_all(folder).expect("it can be done");
    course
}

fn command(course: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forklore"));
    command
        .arg("grade")
        .args(arguments)
        .current_dir(course)
        .env("CARGO_TARGET_DIR", target())
        .stdin(Stdio::null());
    // Where these tests run in a job themselves.
    for name in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"] {
        command.env_remove(name);
    }
    command
}

fn run(course: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    told(&command(course, arguments).output().expect("it can be done"))
}

fn told(output: &Output) -> (Option<i32>, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

#[test]
fn all_exercises_are_judged_in_one_call_and_told_in_every_format() {
    let course = course("reports-all");
    let (code, text) = run(&course, &["--all", "--format", "json"]);
    assert_eq!(code, Some(1), "{text}");
    let words: Vec<String> = text
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap())
        .map(|it| format!("{} {}", it["exercise"], it["verdict"]))
        .collect();
    assert_eq!(
        words,
        [
            "\"execution-broken\" \"build-failed\"",
            "\"execution-folder\" \"build-failed\"",
            "\"execution-later\" \"not-begun\"",
            "\"execution-right\" \"pass\"",
        ]
    );

    fs::write(course.join("verdicts.jsonl"), &text).unwrap();
    let with = |format: &str| {
        run(&course, &["--verdicts", "verdicts.jsonl", "--format", format])
    };
    for (format, code, says) in [
        ("human", 1, "execution-later: not begun  (0 of 10 points)"),
        ("json", 1, "\"not-begun\""),
        ("junit", 1, "tests=\"4\" failures=\"3\" errors=\"0\""),
        ("gradescope", 0, "\"output\": \"Forklore: 10 of 40 points\\n\""),
        ("github", 1, "::notice file=work/execution-later/src/main.rs,"),
    ] {
        let (found, text) = with(format);
        assert_eq!(found, Some(code), "{format}: {text}");
        assert!(text.contains(says), "{format}: {text}");
    }
    assert_eq!(with("json").1, text);
    // It is not classroom50 that starts this.
    assert_eq!(with("classroom50"), (Some(2), String::new()));
}

#[test]
fn a_report_is_a_file_and_words_go_to_standard_output() {
    let course = course("reports-file");
    let (code, text) = run(
        &course,
        &["execution-right", "--format", "junit", "--report", "out.xml"],
    );
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("execution-right: pass  ("), "{text}");
    let xml = fs::read_to_string(course.join("out.xml")).unwrap();
    assert!(xml.ends_with("</testsuites>\n"), "{xml}");
    assert!(!xml.contains(" time=\"0.000\""), "judging took time: {xml}");

    let nowhere =
        ["execution-right", "--format", "json", "--report", "no/where"];
    let output = command(&course, &nowhere).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("cannot write the report no/where"), "{stderr}");
}

#[test]
fn a_job_gets_annotations_and_a_summary_behind_what_it_has() {
    let course = course("reports-github");
    let summary = course.join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let fail = "crates/forklore/fixtures/hostile/left-behind-orphan.rs";
    let folder = course.join("work/execution-later/src");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(course.join(fail), folder.join("main.rs")).unwrap();
    let output = command(&course, &["--all", "--format", "github"])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", course.parent().expect("one above"))
        .output()
        .unwrap();
    let (code, text) = told(&output);
    assert_eq!(code, Some(1), "{text}");
    let place = "::error file=reports-github/work/execution-broken/src/main.rs\
                 ,line=";
    assert!(text.contains(place), "{text}");
    for line in text.lines() {
        assert!(line.starts_with("::error file=reports-github/"), "{line}");
    }
    let summary = fs::read_to_string(&summary).unwrap();
    assert!(summary.starts_with("before\n## Forklore: 10 of 40"), "{summary}");
    assert!(summary.contains("```mermaid\nsequenceDiagram\n"), "{summary}");
}

#[test]
fn in_a_job_no_line_of_the_log_is_a_command() {
    let course = course("reports-log");
    let output = command(&course, &["execution-broken"])
        .env("GITHUB_ACTIONS", "true")
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("::error::obeyed"), "the source is quoted: {text}");
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##["), "{line}");
    }
}

/// A helper that is no program is the course's fault, and no learner's.
#[test]
fn trouble_with_one_exercise_leaves_the_others_judged_and_is_no_zero() {
    let course = course("reports-trouble");
    let broken =
        course.join("lessons/lesson-01-execution").join("exercises/later");
    fs::remove_file(&broken).unwrap();
    fs::create_dir_all(broken.join("helpers")).unwrap();
    for name in ["expect.toml", "README.md", "starter.rs"] {
        fs::copy(course.join(SAY).join(name), broken.join(name)).unwrap();
    }
    fs::write(broken.join("helpers/none.rs"), "no program").unwrap();
    let folder = course.join("work/execution-later/src");
    fs::create_dir_all(&folder).unwrap();
    let right = course.join("work/execution-right/src/main.rs");
    fs::copy(right, folder.join("main.rs")).unwrap();
    let both = ["execution-later", "execution-right", "--format"];
    let (code, text) = run(&course, &[&both[..], &["json"]].concat());
    assert_eq!(code, Some(3), "{text}");
    let later: Value =
        serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(later["verdict"], "undecided", "{text}");
    assert_eq!(later["points"], Value::Null, "{text}");
    let why = later["not_run"][0]["why"].as_str().unwrap();
    assert!(why.contains("helpers/none.rs is no program"), "{why}");
    assert!(text.lines().nth(1).unwrap().contains("\"pass\""), "{text}");

    let output = command(
        &course,
        &[&both[..], &["gradescope", "--report", "results.json"]].concat(),
    )
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(!course.join("results.json").exists(), "that would be a zero");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("execution-later could not be judged"), "{stderr}");
}
