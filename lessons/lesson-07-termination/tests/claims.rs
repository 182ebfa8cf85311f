//! One test for each claim of the README.

use std::fs;
use std::path::Path;
use std::process::Command;

use transcript::{lesson, run};

#[test]
fn the_end_is_announced_after_it_has_happened() {
    let run = lesson!().demo("terminate");
    assert_eq!(run.lines(), ["Starting my function", "Process terminated"]);
}

#[test]
fn the_work_is_never_finished() {
    for _ in 0..20 {
        let run = lesson!().demo("terminate");
        assert!(!run.stdout.contains("Finishing"), "{run:#?}");
    }
}

#[test]
fn the_naive_parent_announces_what_has_not_happened() {
    let run = lesson!().demo("unwaited");
    assert_eq!(
        run.lines()[1..4],
        [
            "Process terminated",
            "parent: not true: the worker is alive",
            "worker: one last line before I go",
        ]
    );
}

#[test]
fn an_ended_child_is_a_zombie_until_its_status_is_collected() {
    let run = lesson!().demo("unwaited");
    assert_eq!(
        run.lines()[4..],
        [
            "parent: now it has ended: state Z, a zombie",
            "parent: its status is collected: no such child any more",
        ]
    );
}

#[test]
fn the_naive_ways_go_wrong_and_the_right_ways_do_not() {
    let run = lesson!().run(&["--naive", "--runs", "50"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:#?}");
    assert_eq!(run.lines().len(), 2, "{run:#?}");
    for line in run.lines() {
        assert!(line.ends_with(" of 50 runs, right in 0"), "{line}");
        assert!(!line.contains("wrong in 0 of"), "{line}");
    }
}

#[test]
fn an_exit_code_has_eight_bits() {
    let endings = lesson!().demo("endings").stdout;
    let codes = ["_exit(0)", "_exit(7)", "_exit(300)"]
        .map(|ending| row(&endings, ending)[1..].join(" "));
    assert_eq!(
        codes,
        [
            "0x0000 exited 0 Some(0) None",
            "0x0700 exited 7 Some(7) None",
            "0x2c00 exited 44 Some(44) None",
        ]
    );
}

#[test]
fn a_death_by_signal_has_no_exit_code() {
    let endings = lesson!().demo("endings").stdout;
    let deaths = ["abort()", "raise(SIGKILL)", "raise(SIGSEGV)"]
        .map(|ending| row(&endings, ending)[1..].join(" "));
    assert_eq!(
        deaths,
        [
            "0x0006 killed by SIGABRT None Some(6)",
            "0x0009 killed by SIGKILL None Some(9)",
            "0x000b killed by SIGSEGV None Some(11)",
        ]
    );
}

#[test]
fn a_shell_reports_a_signal_as_128_and_its_number() {
    let endings = lesson!().demo("endings").stdout;
    assert!(endings.contains("\nsh -c 'exit 7'          7\n"));
    assert!(endings.contains("\nsh -c 'kill -TERM $$'   143\n"));
    assert!(endings.contains("\nsh -c 'kill -KILL $$'   137\n"));
}

#[test]
fn a_shell_reports_126_and_127_when_nothing_could_be_executed() {
    let endings = lesson!().demo("endings").stdout;
    assert_eq!(row(&endings, "/dev/null"), ["/dev/null", "126"]);
    assert_eq!(row(&endings, "no-such"), ["no-such-command", "127"]);
}

#[test]
fn no_ending_leaves_a_core_file() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-core");
    fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c \"$(ulimit -H -c)\"; exec \"$0\" endings"])
        .arg(lesson!().program)
        .current_dir(&folder);
    let run = run(command.stdout(std::process::Stdio::piped()));
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stdout.contains("core"), "{run:#?}");
    let left = fs::read_dir(&folder).unwrap().count();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_polite_worker_cleans_up_and_exits_by_itself() {
    let run = lesson!().demo("polite");
    assert_eq!(
        run.lines()[..3],
        [
            "polite: at work on a draft",
            "polite: asked to end, the draft is removed",
            "parent: exited 0, the draft is gone",
        ]
    );
}

#[test]
fn force_leaves_behind_what_the_worker_would_have_removed() {
    let run = lesson!().demo("polite");
    assert_eq!(
        run.lines()[3..],
        [
            "stubborn: at work on a draft, SIGTERM ignored",
            "parent: the grace period is over",
            "parent: killed by SIGKILL, the draft is left",
        ]
    );
}

#[test]
fn five_endings_make_one_pending_signal() {
    let run = lesson!().demo("reap");
    assert_eq!(
        run.lines()[..3],
        [
            "supervisor: 5 workers have ended",
            "supervisor: SIGCHLD was pending 1 time",
            "supervisor: one waitpid later: 4 zombies",
        ]
    );
}

#[test]
fn a_loop_collects_everybody() {
    let run = lesson!().demo("reap");
    assert_eq!(
        run.lines()[3..],
        ["supervisor: the loop is done: 5 collected", "supervisor: 0 zombies"]
    );
}

#[test]
fn a_handler_can_meet_the_lock_of_the_code_it_interrupts() {
    let run = lesson!().demo("handler");
    assert_eq!(
        run.lines()[0],
        "interrupted: my handler met the lock which I held myself"
    );
}

#[test]
fn a_flag_or_a_signalfd_takes_the_work_out_of_the_handler() {
    let run = lesson!().demo("handler");
    assert_eq!(
        run.lines()[1..],
        [
            "flag: the handler left a note; here I may print",
            "signalfd: read SIGTERM, sent by my parent",
        ]
    );
}

#[test]
fn without_blocking_a_job_ends_before_it_is_entered() {
    let run = lesson!().demo("block-first");
    let lines = run.lines();
    assert_eq!(lines[0], "naive: jobs removed: 0, ended but not found: 1");
    assert!(lines[1].starts_with("naive: the table still has pid "));
}

#[test]
fn a_blocked_signal_waits_until_the_job_is_entered() {
    let run = lesson!().demo("block-first");
    assert_eq!(
        run.lines()[2..],
        [
            "right: jobs removed: 1, ended but not found: 0",
            "right: the table is empty",
        ]
    );
}

#[test]
fn a_signal_to_the_leader_does_not_reach_its_group() {
    let run = lesson!().demo("groups");
    assert_eq!(
        run.lines()[..3],
        [
            "leader: own group: true, same session: true",
            "parent: the leader is killed by SIGTERM",
            "parent: the member has seen that, and lives on",
        ]
    );
}

#[test]
fn a_signal_to_the_group_reaches_everybody_in_it() {
    let run = lesson!().demo("groups");
    assert_eq!(
        run.lines()[3..],
        [
            "parent: the end of file: the member is gone",
            "parent: the member is killed by SIGTERM",
            "parent: nobody is left in the group",
        ]
    );
}

#[test]
fn a_return_from_main_runs_every_cleanup() {
    let table = lesson!().demo("cleanup").stdout;
    assert!(table.contains("\nreturn from main  yes   yes     exited 0\n"));
    assert!(table.contains("\npanic             yes   yes     exited 101\n"));
}

#[test]
fn process_exit_runs_atexit_and_drops_nothing() {
    let table = lesson!().demo("cleanup").stdout;
    assert!(table.contains("\nprocess::exit(0)  no    yes     exited 0\n"));
}

#[test]
fn underscore_exit_signals_and_exec_run_no_cleanup() {
    let table = lesson!().demo("cleanup").stdout;
    for ending in ["_exit(0)", "SIGTERM", "SIGKILL", "exec"] {
        assert_eq!(row(&table, ending)[1..3], ["no", "no"], "{table}");
    }
}

#[test]
fn a_worker_outlives_its_killed_parent() {
    let table = lesson!().demo("nobody-left").stdout;
    assert_eq!(fate(&table, "not set"), "lives on, without end");
}

#[test]
fn a_death_signal_set_in_time_ends_the_worker_too() {
    let table = lesson!().demo("nobody-left").stdout;
    assert_eq!(fate(&table, "set before the boss dies"), "ended by SIGTERM");
}

#[test]
fn a_death_signal_set_too_late_needs_a_look_at_getppid() {
    let table = lesson!().demo("nobody-left").stdout;
    assert_eq!(
        (
            fate(&table, "set after the boss is dead"),
            fate(&table, "set after that, then getppid"),
        ),
        ("lives on, without end", "has ended by itself")
    );
}

/// The words of the line that starts with this.
fn row<'a>(table: &'a str, start: &str) -> Vec<&'a str> {
    let line = table.lines().find(|line| line.starts_with(start));
    line.unwrap_or_else(|| panic!("{start}: {table}"))
        .split_whitespace()
        .collect()
}

/// What stands behind this, at the end of its line.
fn fate<'a>(table: &'a str, start: &str) -> &'a str {
    let behind = table.lines().find_map(|line| line.strip_prefix(start));
    behind.unwrap_or_else(|| panic!("{start}: {table}")).trim()
}
