//! One test for each claim of the README.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use transcript::{lesson, run};

#[test]
fn the_reader_waits_for_the_writer() {
    let run = lesson!().demo("order");
    assert_eq!(
        run.lines(),
        [
            "Data written to file successfully.",
            "Data read from file: An Error is a Sweet Taste",
        ]
    );
}

#[test]
fn order_keeps_the_reader_from_coming_too_early() {
    // How often the naive version goes wrong is left to the scheduler; that
    // the right one never does is not.
    let run = lesson!().run(&["--naive", "--runs", "50"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:#?}");
    assert!(
        run.stdout.starts_with("the reader finds no file: naive wrong in ")
            && run.stdout.ends_with(" of 50 runs, right in 0\n"),
        "{run:#?}"
    );
}

#[test]
fn a_writer_that_fails_leaves_no_reader_waiting() {
    let folder = empty_folder("full-disk");
    // No file may grow: to the writer that is a full disk.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -f 0; exec \"$0\" order"])
        .arg(lesson!().program)
        .env("TMPDIR", &folder)
        .stdout(Stdio::piped());
    let run = run(&mut shell);
    assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:#?}");
    let line = lesson!().one_error_line(&run);
    assert!(line.contains("cannot write "), "{line}");
    assert!(line.contains("File too large"), "{line}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "a file is left");
}

#[test]
fn without_a_folder_for_files_there_is_one_error_line() {
    for demo in ["order", "file-locks"] {
        let mut command = lesson!().command(&[demo]);
        let run = run(command.env("TMPDIR", "/no/such/folder"));
        assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:#?}");
        let line = lesson!().one_error_line(&run);
        assert!(line.contains("/no/such/folder"), "{line}");
    }
}

#[test]
fn nothing_is_left_in_the_folder_for_files() {
    let folder = empty_folder("all-demos");
    let run = run(lesson!().command(&[]).env("TMPDIR", &folder));
    assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:#?}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "a file is left");
}

#[test]
fn the_number_of_runs_must_be_a_number_from_1_up() {
    for arguments in [
        &["--naive", "--runs", "0"][..],
        &["--naive", "--runs", "many"],
        &["--naive", "--runs"],
        &["--naive", "twice"],
    ] {
        lesson!().refuses(arguments, 2);
    }
}

#[test]
fn a_lock_lets_the_reader_in_first() {
    let run = lesson!().demo("too-early");
    assert_eq!(
        run.lines(),
        [
            "reader: has the lock",
            "reader: there was no file",
            "writer: has the lock",
            "parent: the reader's exit code is 1, if anybody asks",
        ]
    );
}

#[test]
fn no_increment_is_lost_under_the_mutex() {
    let run = lesson!().demo("mutex");
    assert_eq!(run.lines(), ["4 workers, 1000 increments each: 4000"]);
}

#[test]
fn a_semaphore_is_a_lock_an_order_or_a_throttle() {
    // One run may go well by luck.
    for _ in 0..50 {
        let run = lesson!().demo("semaphore");
        assert_eq!(
            run.lines(),
            [
                "starts at 1, a lock: 2 workers, 100 increments each: 200",
                "starts at 0, an order: first the first step",
                "starts at 0, an order: then the second step",
                "starts at 2, a throttle: 6 workers, at most 2 inside",
            ]
        );
    }
}

#[test]
fn the_monitor_hands_out_every_item_once() {
    let run = lesson!().demo("monitor");
    assert_eq!(
        run.lines(),
        [
            "producer: 3 items are in the buffer; it is full, so I wait",
            "2 consumers: 12 items, every one taken once",
        ]
    );
}

#[test]
fn a_wake_up_without_a_waiter_is_lost_unless_a_state_keeps_it() {
    let run = lesson!().demo("lost-wake-up");
    assert_eq!(
        run.lines(),
        [
            "condition alone: the waiter sleeps, state S",
            "condition and state: the waiter need not wait",
            "semaphore: the waiter need not wait",
        ]
    );
}

#[test]
fn each_holds_what_the_other_wants() {
    let run = lesson!().demo("deadlock");
    let lines = run.lines();
    assert!(
        lines[0].starts_with("left ")
            && lines[0].ends_with(" holds A, wants B: state S"),
        "{lines:#?}"
    );
    assert!(
        lines[1].starts_with("right ")
            && lines[1].ends_with(" holds B, wants A: state S"),
        "{lines:#?}"
    );
    assert!(lines[2].ends_with("ends left: SIGKILL"), "{lines:#?}");
    assert_eq!(lines.last(), Some(&"the parent ends right: SIGKILL"));
}

#[test]
fn killing_a_holder_does_not_free_its_lock() {
    let run = lesson!().demo("deadlock");
    assert_eq!(run.lines()[3], "lock A has a dead holder now; right: state S");
}

#[test]
fn one_order_for_all_lets_both_finish() {
    let run = lesson!().demo("cure");
    assert_eq!(
        run.lines(),
        [
            "left: holds A",
            "right: waits for A and holds nothing",
            "left: holds A and B",
            "right: holds A and B",
        ]
    );
}

#[test]
fn a_robust_mutex_tells_the_next_holder() {
    let run = lesson!().demo("holder-died");
    assert_eq!(
        run.lines()[..4],
        [
            "robust mutex: its holder is dead, killed by SIGKILL",
            "heir: EOWNERDEAD, the lock is mine and a + b = 70",
            "heir: put the missing 30 into b, called it consistent",
            "next: an ordinary lock, a + b = 100",
        ]
    );
}

#[test]
fn a_plain_mutex_stays_locked_when_its_holder_dies() {
    let run = lesson!().demo("holder-died");
    assert_eq!(
        run.lines()[4..],
        [
            "plain mutex: its holder is dead, killed by SIGKILL",
            "plain mutex: still locked after 10 ms: ETIMEDOUT",
        ]
    );
}

#[test]
fn a_file_lock_belongs_to_an_open_file_or_to_a_process() {
    let run = lesson!().demo("file-locks");
    let cells: Vec<Vec<&str>> = run.lines()[1..]
        .iter()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words[words.len() - 3..].to_vec()
        })
        .collect();
    assert_eq!(
        cells,
        [
            ["locked", "locked", "locked"],
            ["free", "locked", "free"],
            ["locked", "free", "locked"],
            ["locked", "free", "locked"],
        ]
    );
}

#[test]
fn a_mutex_for_threads_wakes_nobody_in_another_process() {
    let run = lesson!().demo("wrong-kind");
    assert_eq!(
        run.lines(),
        [
            "waiter: state S, the parent holds it",
            "waiter: state S, and the mutex is free: true",
            "waiter: ended by its parent, it would sleep for ever",
        ]
    );
}

fn empty_folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).expect("target/tmp is writable");
    folder
}
