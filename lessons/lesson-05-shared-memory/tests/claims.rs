//! One test for each claim of the README.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{self, Command, Stdio};

use transcript::{lesson, run};

#[test]
fn five_atomic_additions_make_five() {
    assert_eq!(lesson!().demo("counter").lines(), ["Counter value: 5"]);
}

#[test]
fn a_load_and_a_store_lose_updates_and_one_atomic_step_does_not() {
    let run = lesson!().run(&["--naive", "--runs", "50"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let lines = run.lines();
    assert_eq!(lines.len(), 2, "{run:#?}");
    for (line, race) in lines.iter().zip(["an addition", "a squaring"]) {
        let start = format!("{race} is lost: naive wrong in ");
        let counts = line.strip_prefix(&*start).expect(line);
        let naive = counts.strip_suffix(" of 50 runs, right in 0");
        let naive: u32 = naive.expect(line).parse().expect(line);
        assert!(naive > 0, "{line}");
    }
}

#[test]
fn load_load_store_store_loses_an_addition_every_time() {
    assert_eq!(
        lesson!().demo("lost-update").lines(),
        [
            "first:  loads 0",
            "second: loads 0",
            "first:  stores 1",
            "second: stores 1",
            "parent: two additions, the counter is 1",
        ]
    );
}

#[test]
fn fork_shares_map_shared_and_copies_the_rest() {
    let run = lesson!().demo("private");
    let lines = run.lines();
    let values: Vec<&str> =
        lines.iter().filter_map(|line| line.rsplit(": ").next()).collect();
    assert_eq!(values, ["1", "1", "1", "1", "0", "0", "0", "1"]);
    assert!(lines[7].starts_with("parent: MAP_SHARED "), "{run:#?}");
}

#[test]
fn the_address_is_the_same_and_the_memory_is_not() {
    let run = lesson!().demo("private");
    let addresses: Vec<&str> = run.lines().into_iter().map(address).collect();
    assert_eq!(addresses[..4], addresses[4..], "{run:#?}");
}

#[test]
fn every_cell_squared_by_two_processes_holds_the_fourth_power() {
    assert_eq!(
        lesson!().demo("numbers").lines(),
        ["Shared numbers: [1, 16, 81, 256, 625]"]
    );
}

#[test]
fn who_writes_only_its_own_half_needs_no_lock() {
    assert_eq!(
        lesson!().demo("partition").lines(),
        ["left: 2 cells, right: 3 cells", "Shared numbers: [1, 4, 9, 16, 25]"]
    );
}

#[test]
fn an_object_has_no_size_at_first_and_touching_it_is_sigbus() {
    let run = lesson!().demo("named");
    assert_eq!(
        run.lines()[1..5],
        [
            "creator: its size is 0",
            "toucher: has mapped it, and touches it",
            "creator: the toucher was killed by SIGBUS",
            "creator: its size is 4; closes it",
        ]
    );
}

#[test]
fn the_toucher_leaves_no_core_file() {
    let folder = format!("forklore-core-{}", process::id());
    let folder = env::temp_dir().join(folder);
    fs::create_dir(&folder).unwrap();
    let limit = "ulimit -c unlimited 2>/dev/null";
    let run = run(in_shell(limit).current_dir(&folder));
    let left = fs::read_dir(&folder).unwrap().count();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!((run.code, left), (Some(0), 0), "{run:#?}");
}

#[test]
fn the_name_outlives_the_processes_and_the_memory_outlives_the_name() {
    let run = lesson!().demo("named");
    assert_eq!(
        run.lines()[5..],
        [
            "writer:  opens the name, stores 42, ends",
            "creator: opens the name, loads 42",
            "creator: unlinks the name, loads 42",
            "creator: opens the name: ENOENT: No such file or directory",
        ]
    );
}

#[test]
fn the_object_is_for_its_owner_alone() {
    let run = run(&mut in_shell("umask 0"));
    assert!(run.lines()[0].ends_with(", mode 600"), "{run:#?}");
}

#[test]
fn no_name_is_left_behind() {
    let run = lesson!().demo("named");
    assert!(!exists_in_dev_shm(&run.stdout), "{run:#?}");
}

#[test]
fn no_name_is_left_behind_by_an_error() {
    // No file may grow: ftruncate fails when the name exists already.
    let run = run(&mut in_shell("ulimit -f 0"));
    assert_eq!(run.code, Some(1), "{run:#?}");
    let error = lesson!().one_error_line(&run);
    assert!(error.contains("cannot resize /forklore-pid="), "{error}");
    assert!(error.contains("EFBIG"), "{error}");
    assert!(!exists_in_dev_shm(&error), "{error}");
}

#[test]
fn a_layout_of_fixed_sizes_is_the_same_everywhere() {
    assert_eq!(
        lesson!().demo("layout").lines()[0],
        "a Board has 32 bytes: pointer at 0, index at 8, cells at 12"
    );
}

#[test]
fn a_pointer_is_lost_in_another_mapping_and_an_index_is_not() {
    let run = lesson!().demo("layout");
    let lines = run.lines();
    assert_ne!(address(lines[1]), address(lines[3]), "{run:#?}");
    assert!(lines[4].ends_with(": no memory there"), "{run:#?}");
    assert!(lines[5].ends_with(" holds 42"), "{run:#?}");
}

#[test]
fn a_process_sleeps_until_the_cell_changes() {
    assert_eq!(
        lesson!().demo("futex").lines(),
        [
            "sender: the receiver sleeps, state S",
            "sender: has stored 42, wakes the receiver",
            "receiver: is awake, and finds 42",
        ]
    );
}

#[test]
fn the_number_of_runs_is_checked() {
    lesson!().refuses(&["--naive", "--runs", "0"], 2);
    lesson!().refuses(&["--naive", "--runs", "many"], 2);
    lesson!().refuses(&["--naive", "--runs"], 2);
}

/// The demo `named`, started by a shell that has changed something first.
fn in_shell(first: &str) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("{first}; exec \"$0\" named");
    shell.arg("-c").arg(script).arg(lesson!().program);
    shell.stdout(Stdio::piped());
    shell
}

/// Whether the object that the text names is still there.
fn exists_in_dev_shm(text: &str) -> bool {
    let (_, behind) = text.split_once("/forklore-pid=").expect(text);
    let digits = behind.split(|c: char| !c.is_ascii_digit()).next();
    let pid = digits.expect("split yields one piece at least");
    assert!(!pid.is_empty(), "{text}");
    Path::new(&format!("/dev/shm/forklore-pid={pid}")).exists()
}

/// The first address in a line.
fn address(line: &str) -> &str {
    let start = line.find("0x").expect(line);
    let rest = &line[start..];
    &rest[..rest.find([':', ',']).unwrap_or(rest.len())]
}
