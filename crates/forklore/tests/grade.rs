//! `forklore grade` on what is not meant well.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use course::{
    course_of, each, first_rule, grade, root, rule_of, target, verdict,
};

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

/// `forklore grade` in a course of its own.
fn grade_in(course: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forklore"));
    command
        .arg("grade")
        .args(arguments)
        .current_dir(course)
        .env("CARGO_TARGET_DIR", target())
        .stdin(Stdio::null());
    command
}

const SAY: &str = "crates/forklore/fixtures/learn/say";

#[test]
fn a_wrong_expect_toml_is_told_with_its_line_and_what_is_allowed() {
    let head = "title = \"T\"\nlevel = 1\nminutes = 10\n\
                points = { works = 6, robust = 4 }\n";
    let twice = "[[run]]\nname = \"x\"\n[[run]]\nname = \"x\"\n";
    for (number, (text, line, allowed)) in [
        ("[rules]\npolled = {}\n", 6, "`too-many-processes`"),
        ("[[run]]\nstdout = \"x\"\n", 5, "missing field `name`"),
        (twice, 8, "two runs are named 'x': each needs its own name"),
    ]
    .iter()
    .enumerate()
    {
        let name = format!("wrong-expect-{number}");
        let folder = file(&format!("{name}-exercise"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("expect.toml"), format!("{head}{text}")).unwrap();
        let folder = folder.to_str().expect("paths here are UTF-8");
        let this = ("lesson-01-execution", "wrong", folder);
        let course = course_of(&name, &[this]);
        let source = root().join(SAY).join("right.rs");
        let source = source.to_str().expect("paths here are UTF-8");
        let arguments = ["execution-wrong", "--source", source];
        let output = grade_in(&course, &arguments).output().unwrap();
        let (code, said) = refused(&output);
        assert_eq!(code, Some(3), "{said}");
        let place = format!("execution/exercises/wrong/expect.toml:{line}: ");
        assert!(said.contains(&place), "{said}");
        assert!(said.contains(allowed), "{said}");
    }
}

#[test]
fn a_machine_without_a_compiler_is_no_fault_of_the_program() {
    let this = ("lesson-01-execution", "say", SAY);
    let course = course_of("no-compiler", &[this]);
    let empty = course.join("empty");
    fs::create_dir(&empty).unwrap();
    // One that was compiled before needs none.
    let source = course.join("answer.rs");
    let right = fs::read_to_string(root().join(SAY).join("right.rs")).unwrap();
    let new = format!("{right}// {:?}\n", std::time::SystemTime::now());
    fs::write(&source, new).unwrap();
    let arguments = ["execution-say", "--source", "answer.rs"];
    let first = grade_in(&course, &["execution-say", "--source", SAY_RIGHT])
        .output()
        .unwrap();
    assert!(first.status.success(), "{first:?}");

    let output =
        grade_in(&course, &arguments).env("PATH", &empty).output().unwrap();
    let (code, line) = refused(&output);
    assert_eq!(code, Some(3), "{line}");
    assert!(line.contains("no C compiler `cc` on PATH"), "{line}");

    let output = grade_in(&course, &arguments)
        .env("PATH", &empty)
        .env("CARGO_TARGET_DIR", &empty)
        .output()
        .unwrap();
    let (code, line) = refused(&output);
    assert_eq!(code, Some(3), "{line}");
    assert!(line.contains("cannot run rustc"), "{line}");
    let output = grade_in(&course, &arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

const SAY_RIGHT: &str = "crates/forklore/fixtures/learn/say/right.rs";

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
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
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
    ] {
        assert_eq!(verdict[key].to_string(), value, "{key}");
    }
    let contained = verdict["contained"].as_str().unwrap_or_default();
    assert!(["full", "partial"].contains(&contained), "{verdict:#}");
}

#[test]
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
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

#[test]
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
fn the_readme_shows_a_verdict_as_it_is() {
    let wrong = "lessons/lesson-05-pipes/exercises/pingpong/\
                 wrong-write-end-open.rs";
    let output = grade(&["pipes-pingpong", "--source", wrong]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // How far it is contained, this machine decides.
    let (text, contained) = text.split_once("\ncontained: ").unwrap();
    assert!(contained.starts_with(['f', 'p']), "{contained}");
    let text = format!("{text}\ncontained: full\n");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (readme, shown) = (unnumbered(&readme), unnumbered(&text));
    assert!(readme.contains(&format!("```text\n{shown}```\n")), "{text}");
}

/// Without the numbers of pipes, which are others in each run; nor the ends
/// of lines, which they move.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split("pipe:[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("pipe:[");
        out.push_str(part.trim_start_matches(|it: char| it.is_ascii_digit()));
    }
    out.split_inclusive('\n')
        .map(|line| match line.starts_with("  ") {
            true => format!("{} ", line.trim()),
            false => line.to_owned(),
        })
        .collect()
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

/// The file of that run, and the error of the program itself, are what one
/// needs to see it at home.
#[test]
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
fn a_finding_says_how_to_run_it_and_what_was_said_on_standard_error() {
    let exercise = "lessons/lesson-05-pipes/exercises/until-eof";
    let wrong = format!("{exercise}/wrong-wrong-output-text.rs");
    let output = grade(&["pipes-until-eof", "--source", &wrong]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let behind = |from: &str, line: &str| {
        let (_, rest) = text.split_once(from).unwrap_or_default();
        assert!(rest.contains(line), "{line}: {text}");
    };
    behind("wrong-output", "\n  $ cargo run -- bytes\n");
    behind("$ printf 'a\\377\\n\\000b\\376z' > bytes\n", "$ cargo run");
    behind("On standard error it said:\n", "did not contain valid UTF-8\n");
    let verdict = verdict("pipes-until-eof", &root().join(&wrong));
    let finding = &verdict["findings"][0];
    assert_eq!(finding["typed"][1], "cargo run -- bytes", "{verdict:#}");
    assert!(finding["stderr"][0].is_string(), "{verdict:#}");
}

#[test]
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
fn a_long_command_line_is_folded_as_a_shell_takes_it() {
    let starter = "lessons/lesson-01-execution/exercises/which-exec/starter.rs";
    let output = grade(&["execution-which-exec", "--source", starter]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let folded = "PATH=\"$PWD/a:$PWD/b:$PWD/c\" \\\n    ../../target/debug/";
    assert!(text.contains(folded), "{text}");
}

/// The standard library's own files and lines are nothing that a learner has.
#[test]
fn a_panic_in_a_library_is_placed_where_the_program_called_it() {
    let name = "fixtures/hostile/panics-in-library.rs";
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let verdict = verdict(EXERCISE, &source);
    let says = verdict["findings"][0]["says"].as_str().unwrap_or_default();
    let place = "A.1 panicked in the standard library, in a call of `speak`: ";
    assert!(says.starts_with(place), "{verdict:#}");
    assert!(!says.contains(".rs"), "{says}");
}

/// To wait is taught later, and costs the mark robust there; but without it
/// the exit code is wrong.
#[test]
#[cfg_attr(feature = "without-answers", ignore = "this copy has no answers")]
fn what_explains_a_wrong_result_costs_what_the_result_costs() {
    let exercise = "lessons/lesson-01-execution/exercises/which-exec";
    let source = root().join(exercise).join("wrong-child-not-waited.rs");
    let verdict = verdict("execution-which-exec", &source);
    assert_eq!(first_rule(&verdict), "child-not-waited", "{verdict:#}");
    assert_eq!(verdict["works"], false, "{verdict:#}");
}

/// It stands still for a second, and a look in between would call it stuck.
#[test]
fn a_program_that_an_alarm_moves_is_not_stuck() {
    let source = root().join("crates/forklore/fixtures/alarmed.rs");
    let verdict = verdict("pipes-pingpong", &source);
    assert_eq!(first_rule(&verdict), "too-many-processes", "{verdict:#}");
    assert!(!verdict.to_string().contains("write-end-open"), "{verdict:#}");
}
