//! What `see` says of what it could not see, read or write.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const FORKLORE: &str = env!("CARGO_BIN_EXE_forklore");

fn see(arguments: &[&str]) -> Output {
    let mut command = Command::new(FORKLORE);
    command.arg("see").args(arguments).env_remove("COLUMNS");
    command.stdin(Stdio::null()).output().expect("it can be run")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_run_that_may_not_be_traced_says_that_it_is_light_and_why() {
    let inner = [FORKLORE, "see", "--", "sh", "-c", "exit 3"];
    let outer: Vec<&str> = ["--quiet", "--"].into_iter().chain(inner).collect();
    let light = said(&see(&outer));
    let lines: Vec<&str> = light
        .lines()
        .filter(|line| line.contains("Observed at level light"))
        .collect();
    assert_eq!(lines.len(), 1, "{light}");
    assert!(lines[0].contains("itself traced: PTRACE_SEIZE"), "{light}");
    assert!(light.contains('░') && !light.contains('█'), "{light}");
    let full = said(&see(&["--", "true"]));
    assert!(!full.contains("level") && full.contains('█'), "{full}");
}

#[test]
fn what_cannot_be_written_is_said_before_the_command_runs() {
    let trace = place("never-begun");
    let touch = trace.to_str().expect("text");
    for option in ["--jsonl", "--html", "--svg", "--mermaid", "--chrome"] {
        for target in ["/no/such/folder/file", env!("CARGO_TARGET_TMPDIR")] {
            let output = see(&[option, target, "--", "touch", touch]);
            assert_eq!(output.status.code(), Some(3), "{option} {target}");
            let said = said(&output);
            let line = format!("forklore see: cannot write {target}: ");
            assert!(said.starts_with(&line), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(!trace.exists(), "{option} {target}: it ran");
        }
    }
}

#[test]
fn a_picture_that_nobody_can_get_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let status = Command::new(FORKLORE)
        .args(["see", "--", "true"])
        .stderr(full.expect("every Linux has it"))
        .status();
    assert_eq!(status.expect("it can be run").code(), Some(3));
}

#[test]
fn a_trace_with_something_behind_its_end_is_refused() {
    let file = place("behind-the-end.jsonl");
    let path = file.to_str().expect("text");
    let written = see(&["--quiet", "--jsonl", path, "--", "true"]);
    assert_eq!(written.status.code(), Some(0), "{}", said(&written));
    assert_eq!(see(&["--from", path]).status.code(), Some(0));
    let mut trace = std::fs::read(&file).expect("it was written");
    trace.extend(b"{}\n");
    std::fs::write(&file, trace).expect("it is ours");
    let output = see(&["--from", path]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("behind its end line"), "{}", said(&output));
    std::fs::remove_file(file).expect("it is ours");
}

/// Runs a line of a shell, which finds forklore as `$0`.
fn shell(script: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", script, FORKLORE]).env_remove("COLUMNS");
    command.stdin(Stdio::null()).output().expect("it can be run")
}

#[test]
fn a_file_above_its_limit_is_told_and_only_the_command_dies_of_it() {
    let file = place("too-large");
    let path = file.to_str().expect("text");
    let many = "for i in 1 2 3 4 5 6 7 8 9; do true | true; done";
    for form in ["jsonl", "html", "svg", "mermaid", "chrome"] {
        let output = shell(&format!(
            "ulimit -f 1; exec \"$0\" see --quiet --{form} {path} -- \
             sh -c '{many}'"
        ));
        let said = said(&output);
        assert_eq!(output.status.code(), Some(3), "{form}: {said}");
        let line = format!("forklore see: cannot write {path}: File too large");
        assert!(said.starts_with(&line), "{form}: {said}");
        assert_eq!(said.lines().count(), 1, "{form}: {said}");
    }
    let output = shell(&format!(
        "ulimit -f 1; exec \"$0\" see -- head -c 9999 /dev/zero >{path}"
    ));
    let seen = said(&output);
    assert_eq!(output.status.code(), Some(0), "{seen}");
    assert!(seen.contains("killed by SIGXFSZ"), "{seen}");
    let output = shell(&format!(
        "ulimit -f 1; COLUMNS=400 exec \"$0\" see -- sh -c '{many}' 2>{path}"
    ));
    assert_eq!(output.status.code(), Some(3));
    std::fs::remove_file(file).expect("it is ours");
}

#[test]
fn a_stack_that_is_too_small_is_told() {
    for limit in [64, 128] {
        let output = shell(&format!("ulimit -s {limit}; \"$0\" see -- true"));
        let said = said(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        let line = format!("forklore: a stack of {limit} KiB");
        assert!(said.starts_with(&line), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let inside = shell("\"$0\" see -- sh -c 'ulimit -s 64; exec true'");
    assert_eq!(inside.status.code(), Some(0), "{}", said(&inside));
}

#[test]
fn a_command_finds_closed_what_its_caller_has_closed() {
    let says = r#"for fd in 0 1 2; do
        test -e /proc/self/fd/$fd && echo "$fd is open" >&9
    done; true"#;
    let file = place("closed");
    let path = file.to_str().expect("text");
    for (closed, open) in [
        ("<&-", "1 is open\n2 is open\n"),
        (">&-", "0 is open\n2 is open\n"),
        ("2>&-", "0 is open\n1 is open\n"),
        ("<&- >&- 2>&-", ""),
        ("", "0 is open\n1 is open\n2 is open\n"),
    ] {
        for see in ["", "\"$0\" see --quiet --"] {
            shell(&format!("{see} sh -c '{says}' 9>{path} {closed}"));
            let found = std::fs::read_to_string(&file).expect("it is ours");
            assert_eq!(found, open, "{see} {closed}");
        }
    }
    std::fs::remove_file(file).expect("it is ours");
}
