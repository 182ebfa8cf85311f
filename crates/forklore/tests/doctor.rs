//! `forklore doctor`, and that a verdict's level is the one it names.

use std::fs;
use std::process::{Command, Output, Stdio};

use course::{grade, root};
use serde_json::Value;

mod course;

const EXERCISE: &str = "creation-hello-family";
const FORKS: &str = "crates/forklore/fixtures/hostile/process-limit-forks.rs";

fn doctor() -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_forklore"))
        .args(["doctor", "--json"])
        .stdin(Stdio::null())
        .output()
        .expect("it can be run");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it is one object")
}

fn judged(level: &[&str]) -> Output {
    let source = root().join(FORKS);
    let source = source.to_str().expect("paths here are UTF-8");
    let fixed = [EXERCISE, "--format", "json", "--source", source];
    grade(&[&fixed, level].concat())
}

fn level_of(output: &Output) -> String {
    let verdict: Value =
        serde_json::from_slice(&output.stdout).expect("it is a verdict");
    verdict["contained"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_is_lacking_has_a_reason_and_the_levels_follow() {
    let said = doctor();
    let mechanisms = said["mechanisms"].as_array().expect("a list");
    assert!(mechanisms.len() > 4, "{said}");
    for it in mechanisms {
        let lacks = it["lacks"].as_str().is_none_or(|it| !it.is_empty());
        assert!(lacks && it["holds"] == it["lacks"].is_null(), "{it}");
    }
    assert!(
        ["full", "partial", "none"]
            .map(Value::from)
            .contains(&said["contained"])
    );
}

/// Advice that does not work on the machine at hand is worse than none.
#[test]
fn systemd_is_advised_only_where_it_runs() {
    let said = doctor();
    let mechanisms = said["mechanisms"].as_array().expect("a list");
    let cgroups = mechanisms.iter().find(|it| it["name"] == "cgroups");
    let raise = cgroups.expect("it is told")["raise"].as_str();
    let runs = fs::exists("/run/systemd/system").unwrap_or(false);
    let is_advised = raise.is_some_and(|it| it.contains("systemd-run"));
    assert!(runs || !is_advised, "{said}");
    let is_root = nix::unistd::geteuid().is_root();
    let as_root = raise.is_some_and(|it| it.contains("as root"));
    assert!(!(is_root && as_root), "{said}");
}

#[test]
fn a_verdict_is_contained_as_far_as_the_doctor_says() {
    let offered = doctor()["contained"].as_str().unwrap_or("").to_owned();
    let output = judged(&[]);
    if offered == "none" {
        // Never without being asked for.
        assert_eq!(output.status.code(), Some(3), "{output:?}");
    } else {
        assert_eq!(level_of(&output), offered);
        assert_eq!(level_of(&judged(&["--contain", "partial"])), "partial");
    }
    assert_eq!(level_of(&judged(&["--contain", "none"])), "none");
    let required = judged(&["--require-containment", "full"]);
    match offered == "full" {
        true => assert_eq!(level_of(&required), "full"),
        false => assert_eq!(required.status.code(), Some(3), "{required:?}"),
    }
}

/// Whoever judges may write nothing outside: what is drawn and reported is
/// told to the process that went in.
#[test]
fn at_each_level_the_picture_and_the_report_are_written_outside() {
    let levels = ["none", "partial", "full"];
    let offered = doctor()["contained"].clone();
    let best = levels.iter().position(|it| offered == *it);
    for level in &levels[..=best.expect("it is one of them")] {
        let [picture, report] = ["svg", "json"].map(|it| {
            format!("{}/contained-{level}.{it}", env!("CARGO_TARGET_TMPDIR"))
        });
        for file in [&picture, &report] {
            fs::remove_file(file).ok();
        }
        let source = root().join(FORKS);
        let source = source.to_str().expect("paths here are UTF-8");
        let output = grade(
            &[
                &[EXERCISE, "--source", source, "--contain", level][..],
                &["--format", "gradescope", "--report", &report],
                &["--svg", &picture],
            ]
            .concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let words = String::from_utf8_lossy(&output.stdout);
        assert!(words.contains(&format!("contained: {level}")), "{words}");
        let picture = fs::read_to_string(picture).expect("it was drawn");
        assert!(picture.trim_end().ends_with("</svg>"), "{level}: {picture}");
        let report = fs::read_to_string(report).expect("it was written");
        let report: Value = serde_json::from_str(&report).expect("one object");
        assert_eq!(report["tests"][0]["score"], 0, "{level}: {report}");
    }
}

#[test]
fn less_than_what_is_required_is_wrong_usage() {
    let output =
        judged(&["--contain", "none", "--require-containment", "full"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}
