//! `forklore grade` on what is not meant well.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use course::{each, first_rule, grade, root, rule_of, verdict};

mod course;

const EXERCISE: &str = "creation-hello-family";

/// Exit code, and the one line on standard error.
fn refused(output: &Output) -> (Option<i32>, String) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.stdout.is_empty(), "{output:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    (output.status.code(), stderr)
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn an_exercise_that_does_not_exist_is_refused_with_the_nearest_names() {
    let (code, line) = refused(&grade(&["creation-helo-family"]));
    assert_eq!(code, Some(2));
    assert!(line.contains("did you mean creation-hello-family"), "{line}");
    let (code, line) = refused(&grade(&["\u{1b}[31m"]));
    assert_eq!(code, Some(2));
    assert!(!line.contains('\u{1b}'), "{line:?}");
}

#[test]
fn a_source_that_is_no_file_is_refused_in_one_line() {
    for source in ["/", "/nowhere/at/all.rs"] {
        let (code, line) = refused(&grade(&[EXERCISE, "--source", source]));
        assert_eq!(code, Some(2), "{line}");
        assert!(line.contains(source), "{line}");
    }
}

#[test]
fn a_source_that_is_no_program_fails_to_build() {
    let huge = file("huge.rs");
    File::create(&huge).and_then(|it| it.set_len(100 << 20)).unwrap();
    let bytes = file("bytes.rs");
    fs::write(&bytes, b"fn main() { \xff }").unwrap();
    let wrong = file("wrong.rs");
    fs::write(&wrong, "fn main() { missing() }").unwrap();
    for (source, word) in [
        (&huge, "104857600 bytes"),
        (&bytes, "UTF-8"),
        (&wrong, "error[E0425]: cannot find function `missing`"),
    ] {
        let verdict = verdict(EXERCISE, source);
        assert_eq!(verdict["verdict"], "build-failed", "{verdict}");
        assert_eq!(verdict["points"], 0);
        let said = verdict["compiler"].as_str().unwrap_or_default();
        assert!(said.contains(word), "{said}");
    }
    fs::remove_file(huge).unwrap();
}

#[test]
fn a_verdict_has_the_form_that_others_read() {
    let right = "lessons/lesson-02-creation/exercises/hello-family/right.rs";
    let verdict = verdict(EXERCISE, &root().join(right));
    for (key, value) in [
        ("version", "1"),
        ("exercise", "\"creation-hello-family\""),
        ("verdict", "\"pass\""),
        ("works", "true"),
        ("robust", "true"),
        ("points", "10"),
        ("of", "10"),
        ("findings", "[]"),
        ("not_run", "[]"),
        ("observed", "\"full\""),
        ("contained", "\"none\""),
    ] {
        assert_eq!(verdict[key].to_string(), value, "{key}");
    }
}

#[test]
fn a_report_is_80_columns_wide_and_says_what_why_and_where_to_read() {
    let wrong = "lessons/lesson-02-creation/exercises/hello-family/\
                 wrong-child-not-waited.rs";
    let output = grade(&[EXERCISE, "--source", wrong, "--full"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    for word in ["A.1", "wait", "zombie", "waitpid(2)"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// Each is named for the rule that it gets; nobody of them is left.
#[test]
fn what_other_graders_pass_is_judged_in_time() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile");
    let mut sources: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    sources.sort();
    each(&sources, |source| {
        let begun = Instant::now();
        let verdict = verdict(EXERCISE, source);
        let took = begun.elapsed();
        let expected = rule_of(source, "").unwrap_or_default();
        let is_right = first_rule(&verdict) == expected
            && verdict["verdict"] == "fail"
            && verdict["works"] == false
            && took < Duration::from_secs(60);
        let shown = source.display();
        match is_right {
            true => Ok(()),
            false => Err(format!("{shown}: {took:?} {verdict:#}")),
        }
    });
}

#[test]
fn what_a_program_prints_never_reaches_the_terminal_as_it_is() {
    let source = "crates/forklore/fixtures/hostile/panics-control.rs";
    let output = grade(&[EXERCISE, "--source", source, "--full"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("panics"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
}

/// To wait is taught later, and costs the mark robust there; but without it
/// the exit code is wrong.
#[test]
fn what_explains_a_wrong_result_costs_what_the_result_costs() {
    let exercise = "lessons/lesson-01-execution/exercises/which-exec";
    let source = root().join(exercise).join("wrong-child-not-waited.rs");
    let verdict = verdict("execution-which-exec", &source);
    assert_eq!(first_rule(&verdict), "child-not-waited", "{verdict:#}");
    assert_eq!(verdict["works"], false, "{verdict:#}");
}
