//! `scripts/bench` needs nothing but the toolchain for its column Rust; what
//! it does with gcc and python3 is tried by `scripts/check-bench`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(arguments)
        .output()
        .expect("the program runs")
}

/// Only the column Rust, one round, few repetitions.
fn quick(only: &[&str], out: &Path) -> String {
    let out = out.to_str().expect("the folder is UTF-8");
    let mut arguments = vec!["--quick", "--without", "C", "--without"];
    arguments.extend(["Python", "--out", out]);
    arguments.extend(only.iter().flat_map(|word| ["--only", word]));
    let run = bench(&arguments);
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    assert!(said.contains("round 1 of 1"), "no progress: {said}");
    String::from_utf8(run.stdout).expect("tables are UTF-8")
}

/// One row of each work, of each size of its messages, of each curve.
const PARTS: &str = "create.fork create.spawn create.again create.thread \
    trip.pipe. trip.socketpair. trip.futex. queue.1.16B queue.1.64KiB \
    queue.4.1KiB queue.mq.16B bytes. counter.mutex. counter.semaphore. \
    counter.atomic. hand.lock. hand.turns. end.sigterm state.one state.all \
    size.fork.1MiB size.spawn.16MiB tree.100";

#[test]
fn every_work_is_done_and_its_result_is_right() {
    let out = folder("every-work");
    let tables = quick(&[], &out);
    let mut rows = 0;
    for line in tables.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(line.matches('|').count(), 5, "{line}");
        rows += usize::from(line.contains("| Rust "));
    }
    assert!(rows > 50, "{tables}");
    let runs = fs::read_to_string(out.join("runs.tsv")).unwrap();
    for part in PARTS.split_whitespace() {
        let is_measured = runs.lines().any(|line| line.starts_with(part));
        assert!(is_measured, "{part} is missing in {runs}");
    }
    let page = fs::read_to_string(out.join("results.md")).unwrap();
    assert!(page.contains("| work | way | median"), "{page}");
    let curve = fs::read_to_string(out.join("size.svg")).unwrap();
    assert!(curve.contains("Rust fork</text>"), "{curve}");
}

#[test]
fn only_what_is_asked_for_is_measured() {
    let out = folder("only");
    let tables = quick(&["create.again", "trip.pipe.one"], &out);
    assert!(
        tables.contains("| the same program again | Rust Command |"),
        "{tables}"
    );
    assert!(tables.contains("| two pipes, one CPU | Rust pipe |"), "{tables}");
    let names: Vec<&str> =
        tables.lines().filter(|line| line.contains("| Rust ")).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_saved_run_shows_what_it_showed() {
    let out = folder("saved");
    let tables = quick(&["create.fork"], &out);
    let runs = out.join("runs.tsv");
    let arguments = ["--from", runs.to_str().unwrap(), "--out"];
    let again = bench(&[&arguments[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(String::from_utf8_lossy(&again.stdout), tables);
}

/// Whoever changes a table, a curve or a mark has to put the results in anew:
/// `scripts/bench --from lessons/what-it-costs/runs.tsv --write-chapter`.
#[test]
fn the_chapter_shows_the_run_that_lies_beside_it() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../lessons/what-it-costs/runs.tsv"
    );
    let run = bench(&["--from", folder, "--check-chapter"]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn bad_input_is_one_clear_line() {
    for (arguments, word) in [
        (&["--nosuch"][..], "unexpected '--nosuch'"),
        (&["a\nb"], r"unexpected 'a\nb'"),
        (&["--only"], "--only takes a value"),
        (&["--only", "nosuch"], "no row begins with 'nosuch'"),
        (&["--only", ""], "--only takes a value"),
        (&["--rounds", "0"], "from 1 to 100, not '0'"),
        (&["--rounds", "many"], "from 1 to 100, not 'many'"),
        (&["--without", "Rust"], "C or Python, not 'Rust'"),
        (&["--check-chapter"], "--from FILE"),
        (&["--write-chapter", "--only", "queue"], "a whole run"),
    ] {
        let run = bench(arguments);
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with("bench: ") && said.contains(word), "{said}");
        assert!(run.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_failure_is_one_line_too() {
    for arguments in [
        &["--from", "/nosuch/runs.tsv"][..],
        &["--from", "/dev/null"],
        &["--out", "/dev/null/below", "--quick", "--only", "create.fork"],
        &["--python", "/nosuch", "--quick", "--only", "create.fork"],
    ] {
        let run = bench(arguments);
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_column_refuses_what_it_does_not_know_in_one_line() {
    for arguments in [
        &["measure", "create", "nosuch", "1", "0", "0", "0"][..],
        &["measure", "create", "fork", "x", "0", "0", "0"],
        &["measure", "create"],
        &[],
    ] {
        let mut column = Command::new(env!("CARGO_BIN_EXE_rust-column"));
        let run = column.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success() && run.stdout.is_empty(), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn the_list_names_every_row_once() {
    let run = bench(&["--list"]);
    let list = String::from_utf8(run.stdout).unwrap();
    let ids: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len());
    assert!(ids.contains(&"queue.4.64KiB"), "{list}");
}
