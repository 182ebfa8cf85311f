//! The table that a trace implies is the one that the kernel has.

use std::collections::BTreeMap;

use trace::{What, Who};

use crate::causes::check;
use crate::support::{OBSERVED, Run, observe, observed_with_output};

type Table = BTreeMap<i32, String>;

/// What each process had open just before it executed itself, and after, as
/// it saw that itself.
fn shown(output: &str) -> BTreeMap<(i32, String), Table> {
    let lines = output.lines().map(|line| {
        let mut words = line.split(' ');
        let pid = words.next().and_then(|it| it.parse().ok()).expect("a pid");
        let when = words.next().expect("when").to_owned();
        let table = words.map(|entry| {
            let (fd, object) = entry.split_once('=').expect("fd=object");
            (fd.parse().expect("a number"), object.to_owned())
        });
        ((pid, when), table.collect())
    });
    lines.collect()
}

/// The tables that the events imply, before and after each process's last
/// exec.
fn implied(run: &Run) -> BTreeMap<(i32, String), Table> {
    let mut tables: BTreeMap<Who, Table> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for event in &run.events {
        let mut table = tables.remove(&event.who).unwrap_or_default();
        let mut is = |fd: i32, object: &str| {
            table.insert(fd, object.replace(' ', "_"));
        };
        match &event.what {
            What::Pipe { read_end, write_end, object, .. } => {
                is(*read_end, object);
                is(*write_end, object);
            }
            What::Socketpair { fds, objects, .. } => {
                is(fds[0], &objects[0]);
                is(fds[1], &objects[1]);
            }
            What::Open { fd: Some(fd), path, .. } => is(*fd, path),
            What::Dup { fd, object, .. } => is(*fd, object),
            What::Close { fd, .. } => drop(table.remove(fd)),
            What::Create { child: Some(child), .. } => {
                tables.insert(child.clone(), table.clone());
            }
            What::Exec { ok: true, kept, .. } => {
                let before = table.range(3..);
                let before = before.map(|(fd, it)| (*fd, it.clone()));
                found.insert((event.pid, "before".into()), before.collect());
                table = BTreeMap::new();
                for held in kept {
                    table.insert(held.fd, held.object.replace(' ', "_"));
                }
                found.insert((event.pid, "after".into()), table.clone());
            }
            _ => {}
        }
        tables.insert(event.who.clone(), table);
    }
    found
}

fn run(behaviour: &[&str]) -> (Run, String) {
    let (run, output) = observed_with_output(behaviour);
    check(&run);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.code_of("A"), Some(0), "{behaviour:?}");
    (run, output)
}

/// Compares as much as the processes have shown.
fn compare(behaviour: &[&str], shows: usize, only: &str) {
    let (run, output) = run(behaviour);
    let shown = shown(&output);
    assert_eq!(shown.len(), shows, "{output}");
    let implied = implied(&run);
    for (when, table) in shown {
        if when.1.contains(only) {
            let implied = implied.get(&when);
            assert_eq!(implied, Some(&table), "{behaviour:?} {when:?}");
        }
    }
}

#[test]
fn every_call_that_makes_a_descriptor_is_known() {
    compare(&["table-made"], 2, "");
}

#[test]
fn descriptors_that_came_through_a_socket_are_known() {
    compare(&["table-passed"], 2, "");
    compare(&["table-pidfd"], 4, "");
}

#[test]
fn copies_and_marks_are_known() {
    compare(&["table-changed"], 2, "");
}

/// The path of an opening is told as the program gave it; what it led to
/// stands in what exec keeps.
#[test]
fn what_a_path_led_to_is_known() {
    compare(&["table-opened"], 2, "after");
}

/// A trace does not say that a table is shared.
#[test]
fn a_table_that_was_shared_is_its_own_after_unshare() {
    compare(&["table-shared"], 4, "after");
}

#[test]
fn after_any_sequence_the_implied_table_is_the_kernels() {
    for seed in 1..=60 {
        let (run, output) = run(&["table-random", &seed.to_string()]);
        let (shown, implied) = (shown(&output), implied(&run));
        assert!(shown.len() >= 2, "{output}");
        for (when, table) in shown {
            let implied = implied.get(&when);
            assert_eq!(implied, Some(&table), "seed {seed}, {when:?}");
        }
    }
}

#[test]
fn a_program_that_is_executed_by_its_descriptor_has_its_path() {
    let (run, _) = run(&["table-by-descriptor"]);
    let file = std::fs::canonicalize(OBSERVED).expect("it is there");
    let last = run.events.iter().rev().find_map(|event| match &event.what {
        What::Exec { ok: true, path, .. } => Some((path, &event.name)),
        _ => None,
    });
    let (path, name) = last.expect("an exec");
    assert_eq!(
        (path.as_str(), name.as_str()),
        (file.to_str().unwrap(), "observed")
    );
}

#[test]
fn a_pipe_that_is_opened_by_a_descriptors_number_is_known() {
    let run = observe(&[], &["sh", "-c", "echo hello | cat /dev/fd/0"]);
    assert_eq!(run.code_of("A"), Some(0));
    run.place("A.2", |it| {
        matches!(it, What::Open { path, object: Some(object), mode, .. }
            if path == "/dev/fd/0"
                && object.starts_with("pipe:[")
                && mode.as_deref() == Some("r"))
    });
}
