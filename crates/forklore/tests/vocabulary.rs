//! Every word of an `expect.toml` does what VOCABULARY.md says: one exercise
//! that has them all, its right answer, and answers with one thing missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use course::{course_of, each, first_rule, root, target};
use serde_json::Value;

mod course;

const EXERCISE: &str = "state-vocabulary";

/// The course with this exercise alone.
fn course_with_this() -> PathBuf {
    let fixture = "crates/forklore/fixtures/vocabulary";
    let this = ("lesson-03-state", "vocabulary", fixture);
    course_of("vocabulary", &[this])
}

fn verdict(course: &Path, source: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_forklore"))
        .args(["grade", EXERCISE, "--format", "json", "--source"])
        .arg(source)
        .current_dir(course)
        .env("CARGO_TARGET_DIR", target())
        .stdin(Stdio::null())
        .output()
        .expect("it can be made");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr))
    })
}

/// What is left out of the right answer, what stands in its place, and the
/// rule that finds it.
const WRONG: &[(&[(&str, &str)], &str)] = &[
    (&[("&behind[..1]", "&behind[1..2]")], "wrong-output"),
    (&[("fs::rename(from, var(\"TO\")?)?", "()")], "wrong-file"),
    (
        &[("&mut message, &mut 0)?", "&mut message[..9], &mut 0)?")],
        "wrong-output",
    ),
    (&[("bytes.len()", "bytes.len() + 1")], "wrong-output"),
    (&[("println!(\"ready\");", "")], "wrong-output"),
    (
        &[("waitpid(stopped, Some(WaitPidFlag::WUNTRACED))?;", "")],
        "out-of-order",
    ),
    (&[("kill(pid, Signal::SIGKILL)", "kill(pid, Signal::SIGTERM)")], STOPPED),
    (
        &[
            ("child(|| ())?", "child(pause)?"),
            (
                "[sleeper, stopped, runner]",
                "[sleeper, stopped, runner, zombie]",
            ),
            ("waitid(Id::Pid(zombie), ", "Ok::<_, nix::Error>("),
        ],
        "wrong-state",
    ),
    (&[("child(pause)?", "child(|| println!(\"hm\"))?")], "forbidden-call"),
];

const STOPPED: &str = "waits-for-stopped";

#[test]
fn each_word_finds_what_is_missing_and_nothing_in_a_right_answer() {
    let course = course_with_this();
    let right = root().join("crates/forklore/fixtures/vocabulary/right.rs");
    let passed = verdict(&course, &right);
    assert_eq!(passed["verdict"], "pass", "{passed:#}");
    let right = fs::read_to_string(&right).unwrap();
    let numbered: Vec<_> = WRONG.iter().enumerate().collect();
    each(&numbered, |(number, (changes, rule))| {
        let mut text = right.clone();
        for (from, to) in *changes {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            text = text.replace(from, to);
        }
        let source = course.join(format!("wrong-{number}.rs"));
        fs::write(&source, text).unwrap();
        let verdict = verdict(&course, &source);
        match first_rule(&verdict) == *rule {
            true => Ok(()),
            false => Err(format!("{changes:?}: {verdict:#}")),
        }
    });
}
