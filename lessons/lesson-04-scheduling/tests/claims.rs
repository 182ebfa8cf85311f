//! One test for each claim of the README.

use std::fs;
use std::process::{Command, Stdio};

use transcript::{Run, lesson, run};

#[test]
fn a_process_that_went_up_is_refused_the_way_down() {
    let run = lesson!().demo("refused");
    assert_eq!(
        run.lines()[..3],
        [
            "19",
            "polite: from 19 to 5: EACCES: Permission denied",
            "polite: lowering takes CAP_SYS_NICE, or RLIMIT_NICE",
        ]
    );
}

#[test]
fn a_fresh_child_starts_at_the_niceness_of_its_parent() {
    let run = lesson!().demo("refused");
    assert_eq!(run.lines()[4], own_niceness().to_string());
}

#[test]
fn the_naive_way_takes_a_failure_for_success() {
    let run = lesson!().demo("ignored");
    assert_eq!(
        run.lines(),
        [
            "notebook: the command has run, so all is well",
            "thrown away: exit code 1",
            "thrown away: sudo: 1 incorrect password attempt",
            "the niceness is still 19",
        ]
    );
}

#[test]
fn errno_names_the_rule_that_was_broken() {
    let run = lesson!().demo("errors");
    assert_eq!(
        run.lines(),
        [
            "itself, from 19 to 18: EACCES: Permission denied",
            "another user's process: EPERM: Operation not permitted",
            "a process that does not exist: ESRCH: No such process",
        ]
    );
}

#[test]
fn a_child_inherits_its_niceness_and_exec_keeps_it() {
    assert_inherits(&lesson!().demo("child"), own_niceness());
}

#[test]
fn what_is_inherited_is_the_niceness_the_lesson_was_started_at() {
    let niceness = (own_niceness() + 3).min(19);
    let run = run(Command::new("nice")
        .args(["-n", "3", lesson!().program, "child"])
        .stdout(Stdio::piped()));
    assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:#?}");
    assert_inherits(&run, niceness);
    let last = format!("parent: was started at niceness {niceness}: ");
    assert!(run.stdout.contains(&last), "{run:#?}");
}

fn assert_inherits(run: &Run, niceness: i32) {
    let lines = run.lines();
    assert_eq!(lines[0], "hello world");
    assert!(lines[1].ends_with(&format!("niceness={niceness}")), "{run:#?}");
    assert_eq!(lines[2], niceness.to_string());
    assert_eq!(lines[4], (niceness + 5).min(19).to_string());
}

/// `nice cargo test` is a lawful way to run these tests.
fn own_niceness() -> i32 {
    let stat = fs::read_to_string("/proc/self/stat").ok();
    // Field 19 of proc_pid_stat(5); the first behind the name is field 3.
    stat.as_deref()
        .and_then(|stat| stat.rsplit_once(") ")?.1.split(' ').nth(16))
        .and_then(|niceness| niceness.parse().ok())
        .expect("/proc/self/stat has a field 19")
}

#[test]
fn a_share_of_the_cpu_follows_from_the_weight() {
    let ratios = shares().map(|share| (100.0 - share) / share);
    // The scheduler hands the CPU over in slices of up to a tick (10 ms where
    // the kernel has 100 of them a second), and a pair may stop in the middle
    // of one: that is the width of the tolerance. What it excludes is what a
    // reader might believe: no effect (1), or one in proportion to niceness.
    let tolerance =
        [(0.75, 1.33), (0.95, 1.65), (2.3, 4.0), (5.5, 16.0), (12.0, 1000.0)];
    for (ratio, (low, high)) in ratios.iter().zip(tolerance) {
        assert!((low..=high).contains(ratio), "{ratios:?}");
    }
}

#[test]
fn a_higher_niceness_gets_less_at_every_distance() {
    let shares = shares();
    // By weight the first two are 50.0 % and 44.5 %, too near for the slices
    // of a slow tick to order; all others are far apart.
    assert!(shares[0].min(shares[1]) > shares[2], "{shares:?}");
    assert!(shares[2..].is_sorted_by(|more, less| more > less), "{shares:?}");
}

/// What the second of each pair gets, in percent: the median of three runs,
/// because a virtual machine that is stopped for a moment charges that moment
/// to the process it found on the CPU (1 of 260 runs showed it).
fn shares() -> [f64; 5] {
    let runs = [(); 3].map(|()| {
        let run = lesson!().demo("shares");
        let lines = figures(&run, "niceness");
        assert_eq!(lines.len(), 10, "{run:#?}");
        // Of each line: the niceness, the share, the share by weight.
        [1, 3, 5, 7, 9].map(|second| lines[second][1])
    });
    [0, 1, 2, 3, 4].map(|pair| {
        let mut shares = runs.map(|run| run[pair]);
        shares.sort_by(f64::total_cmp);
        shares[1]
    })
}

#[test]
fn every_worker_runs_where_it_was_pinned() {
    let run = lesson!().demo("affinity");
    let cpus = figures(&run, "CPUs");
    assert!(cpus[1][0] >= 1.0 && cpus[1][0] <= cpus[0][0], "{run:#?}");
    assert_eq!(
        run.lines()[2..],
        [
            "every worker ran where it was pinned",
            "a CPU that is not there: EINVAL: Invalid argument",
        ]
    );
}

#[test]
fn who_blocks_gives_the_cpu_up_and_who_computes_loses_it() {
    let run = lesson!().demo("switches");
    let [blocker, spinner] =
        ["blocks", "computes"].map(|who| figures(&run, who).remove(0));
    // The first number of each line stands in its text.
    assert!(blocker[1] >= 19.0, "one for each byte: {run:#?}");
    // Fair shares in slices of at most 12 ms: at least five in 60 ms.
    assert!(spinner[2] >= 3.0, "taken: {run:#?}");
    assert!(spinner[1] <= 3.0, "nothing to wait for: {run:#?}");
}

#[test]
fn a_yield_counts_as_involuntary() {
    let run = lesson!().demo("switches");
    let yielder = figures(&run, "yields").remove(0);
    assert!(yielder[1] <= 3.0, "{run:#?}");
    assert!(yielder[2] >= 20.0, "{run:#?}");
}

#[test]
fn only_a_blocked_wait_is_free() {
    let run = lesson!().demo("waiting");
    let [spinning, yielding, blocking] = ["spinning", "yielding", "blocking"]
        .map(|way| figures(&run, way).remove(0));
    // A loaded machine gives the spinner less than the 50 ms that are to be
    // had; on one CPU a yielder gets near to nothing, but still keeps looking.
    assert!(spinning[0] >= 5.0, "{run:#?}");
    assert!(blocking[0] <= 2.0, "{run:#?}");
    assert!(spinning[1] >= 100.0 && yielding[1] >= 2.0, "{run:#?}");
    assert_eq!(blocking[1], 1.0, "{run:#?}");
}

#[test]
fn the_shortest_job_first_shortens_the_turnaround_of_a_convoy() {
    let run = lesson!().demo("order");
    let [convoy, shortest, _] = orders(&run);
    // By hand: (60 + 75 + 90) / 3 = 75 against (15 + 30 + 90) / 3 = 45. The
    // clock counts the jobs' own CPU time, so load does not move it.
    assert!((73.0..80.0).contains(&convoy[1]), "{run:#?}");
    assert!((43.0..50.0).contains(&shortest[1]), "{run:#?}");
}

#[test]
fn round_robin_answers_before_the_convoy_does() {
    let run = lesson!().demo("order");
    let [convoy, _, robin] = orders(&run);
    // By hand the convoy's response is (0 + 60 + 75) / 3 = 45.
    assert!((43.0..50.0).contains(&convoy[0]), "{run:#?}");
    assert!(robin[0] < 25.0, "{run:#?}");
    assert!(robin[1] < convoy[1], "{run:#?}");
}

fn orders(run: &Run) -> [Vec<f64>; 3] {
    ["first come", "shortest", "round robin"]
        .map(|order| figures(run, order).remove(0))
}

/// All numbers of each line that starts so.
fn figures(run: &Run, start: &str) -> Vec<Vec<f64>> {
    run.lines()
        .into_iter()
        .filter(|line| line.starts_with(start))
        .map(|line| {
            line.split_whitespace().filter_map(|word| word.parse().ok())
        })
        .map(Iterator::collect)
        .collect()
}

#[test]
fn bad_input_is_refused_before_anything_runs() {
    for arguments in [&["shares", "5"][..], &["--naive"], &["niceness"]] {
        lesson!().refuses(arguments, 2);
    }
}
