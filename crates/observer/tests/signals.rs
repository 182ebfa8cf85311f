//! Signals while a run is observed: what the program finds, and who ends.

mod support;

use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{OBSERVED, Started};

const LEVELS: [&[&str]; 2] = [&["--full"], &["--light"]];

#[test]
fn the_program_finds_the_mask_and_the_dispositions_of_who_asked() {
    let alone = Command::new(OBSERVED)
        .args(["deaf", "shows-signals"])
        .output()
        .expect("it can be run");
    let alone = String::from_utf8(alone.stdout).expect("text");
    assert_eq!(alone.lines().count(), 3, "{alone}");
    for level in LEVELS {
        let file = format!(
            "{}/signals-{}{}.jsonl",
            env!("CARGO_TARGET_TMPDIR"),
            std::process::id(),
            level[0]
        );
        let output = Command::new(OBSERVED)
            .args(["deaf", "observe"])
            .args(level)
            .args(["--jsonl", &file, "--", OBSERVED, "shows-signals"])
            .output()
            .expect("it can be run");
        std::fs::remove_file(&file).expect("it is ours");
        let observed = String::from_utf8(output.stdout).expect("text");
        assert_eq!(observed, alone, "{level:?}");
    }
}

/// `observe` ends the run, tells so, and writes its trace to the end.
#[test]
fn who_asked_for_the_run_is_told_to_end_and_tells_its_keeper() {
    for level in LEVELS {
        for signal in [Signal::SIGTERM, Signal::SIGHUP] {
            let mut run = Started::new(level, &[OBSERVED, "clings"]);
            run.await_keeper();
            let observer = Pid::from_raw(run.child.id() as i32);
            kill(observer, signal).expect("it lives");
            let said = format!("forklore: the run was ended: {signal} came\n");
            assert_eq!(run.finish(), (Some(1), said));
        }
    }
}

/// The first is the program's, which does not get it when only `observe`
/// does; the second ends the run.
#[test]
fn the_second_interrupt_of_who_asked_ends_the_run() {
    for level in LEVELS {
        let mut run = Started::new(level, &[OBSERVED, "clings"]);
        run.await_keeper();
        let observer = Pid::from_raw(run.child.id() as i32);
        kill(observer, Signal::SIGINT).expect("it lives");
        support::await_quiet(observer);
        assert!(run.child.try_wait().expect("it is ours").is_none());
        kill(observer, Signal::SIGINT).expect("it lives");
        let said = "forklore: the run was ended: SIGINT came\n".to_owned();
        assert_eq!(run.finish(), (Some(1), said));
    }
}
