//! What cannot be explained is refused, in one line.

use std::process::{Command, Stdio};

use support::{HANG, explain, state};

mod support;

/// Refuses with this exit code, and says so in a line that contains a phrase.
fn refuses(words: &[&str], code: i32, phrase: &str) {
    let output = explain(words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    assert!(output.stdout.is_empty(), "{words:?} has an answer");
    assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
    assert!(said.ends_with('\n'), "{words:?}: {said}");
    assert!(said.contains(phrase), "{words:?}: {said}");
}

#[test]
fn what_is_no_pid_is_wrong_usage() {
    let words = ["", "x", "0", "-1", "1.5", "0x10", "99999999999", "\n", "1 2"];
    for word in words {
        refuses(&[word], 2, "");
        refuses(&[word, "--json"], 2, "");
    }
    refuses(&["--json"], 2, "");
    refuses(&["--no-such-option", "1"], 2, "no-such-option");
    refuses(&["2", "3"], 2, "");
}

#[test]
fn a_pid_that_is_gone_cannot_be_explained() {
    let mut child = Command::new(HANG)
        .arg("--list")
        .stdout(Stdio::null())
        .spawn()
        .expect("it can be run");
    let pid = child.id().to_string();
    child.wait().expect("it is our child");
    refuses(&[&pid, "--json"], 3, &pid);
    refuses(&[&i32::MAX.to_string()], 3, &i32::MAX.to_string());
}

#[test]
fn a_zombie_cannot_be_explained() {
    let mut child = Command::new(HANG)
        .arg("--list")
        .stdout(Stdio::null())
        .spawn()
        .expect("it can be run");
    while state(child.id()) != Some('Z') {
        nix::sched::sched_yield().expect("it never fails");
    }
    let pid = child.id().to_string();
    refuses(&[&pid, "--json"], 3, "zombie");
    child.wait().expect("it is our child");
}

#[test]
fn the_first_process_of_the_machine_cannot_be_explained() {
    refuses(&["1", "--json"], 3, "1");
    refuses(&["1", "--json", "--closed"], 3, "1");
}
