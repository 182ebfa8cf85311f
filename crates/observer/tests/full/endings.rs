//! However a run ends, nobody is left.

use std::io::Read;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use trace::What;

use crate::causes::check;
use crate::support::{OBSERVED, Started, await_quiet, observe};

fn clings(options: &[&str]) -> (Started, Pid) {
    let mut run = Started::new(options, &[OBSERVED, "clings"]);
    let keeper = run.await_keeper();
    (run, Pid::from_raw(keeper))
}

/// Ends the run as said; what `observe` ended with and said.
fn end(options: &[&str], how: impl Fn(&Started, Pid)) -> (Option<i32>, String) {
    let (mut run, keeper) = clings(options);
    how(&run, keeper);
    run.await_end_of_run();
    let mut said = String::new();
    let stderr = run.child.stderr.as_mut().expect("it is piped");
    stderr.read_to_string(&mut said).expect("it is text");
    let code = run.child.wait().expect("it is our child").code();
    std::fs::remove_file(&run.file).ok();
    (code, said)
}

#[test]
fn a_keeper_that_is_told_to_end_leaves_nobody() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let (code, said) = end(&[], |_, keeper| {
            kill(keeper, signal).expect("it lives");
        });
        assert_eq!(code, Some(1));
        assert!(said.contains(&format!("{signal} came")), "{said}");
    }
}

#[test]
fn the_second_interrupt_ends_the_run() {
    let (code, said) = end(&[], |_, keeper| {
        kill(keeper, Signal::SIGINT).expect("it lives");
        await_quiet(keeper);
        kill(keeper, Signal::SIGINT).expect("it lives");
    });
    assert_eq!(code, Some(1));
    assert!(said.contains("SIGINT came"), "{said}");
}

#[test]
fn a_keeper_that_is_killed_leaves_nobody() {
    let (code, _) = end(&[], |_, keeper| {
        kill(keeper, Signal::SIGKILL).expect("it lives");
    });
    assert_eq!(code, Some(3));
}

#[test]
fn who_asked_may_be_killed_and_leaves_nobody() {
    let (code, _) = end(&[], |run, _| {
        let observer = Pid::from_raw(run.child.id() as i32);
        kill(observer, Signal::SIGKILL).expect("it lives");
    });
    assert_eq!(code, None);
}

#[test]
fn a_trace_that_nobody_reads_any_more_ends_the_run() {
    let (mut run, _) = {
        let started = Started::new(&["--deaf"], &[OBSERVED, "clings"]);
        (started, ())
    };
    run.await_end_of_run();
    let code = run.child.wait().expect("it is our child").code();
    assert_eq!(code, Some(1));
}

#[test]
fn a_trace_that_is_not_read_does_not_keep_a_run_alive() {
    let mut run = Started::new(&["--mute"], &[OBSERVED, "says-who-keeps-it"]);
    let keeper = Pid::from_raw(run.await_keeper());
    await_sleep(keeper);
    kill(keeper, Signal::SIGTERM).expect("it lives");
    run.await_end_of_run();
    let code = run.child.wait().expect("it is our child").code();
    assert_eq!(code, Some(1));
}

/// Waits until the keeper is stuck in a full pipe.
fn await_sleep(pid: Pid) {
    loop {
        let call = std::fs::read_to_string(format!("/proc/{pid}/wchan"));
        if call.expect("it lives").contains("pipe") {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_run_that_takes_too_long_is_ended() {
    let (code, said) = end(&["--wall", "1500"], |_, _| {});
    assert_eq!(code, Some(1));
    assert!(said.contains("longer than allowed"), "{said}");
    let run = observe(&["--wall", "200"], &[OBSERVED, "computes-endlessly"]);
    assert_eq!(run.code, Some(1));
    check(&run);
}

#[test]
fn a_run_that_had_no_cpu_for_most_of_its_time_is_told_as_such() {
    let options = ["--wall", "1000"];
    let run = observe(&options, &[OBSERVED, "computes-with-seven"]);
    assert_eq!(run.code, Some(1));
    check(&run);
    let waited =
        |it: &What| matches!(it, What::Block { on, .. } if on.kind == "cpu");
    assert_eq!(run.count(waited), 1);
}

#[test]
fn a_run_that_forks_without_end_is_ended() {
    let run = observe(&["--processes", "50"], &[OBSERVED, "forks-endlessly"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("more processes"), "{}", run.stderr);
    check(&run);
    let created =
        run.count(|it| matches!(it, What::Create { child: Some(_), .. }));
    assert!((50..60).contains(&created), "{created}");
}

#[test]
fn a_run_that_prints_without_end_is_ended() {
    let run = observe(&["--output", "100000"], &[OBSERVED, "prints-endlessly"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("printed more"), "{}", run.stderr);
    check(&run);
    let options = ["--output", "100000"];
    let run = observe(&options, &[OBSERVED, "prints-by-all-means"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("printed more"), "{}", run.stderr);
}

#[test]
fn what_the_killed_read_from_each_other_is_none_of_their_deeds() {
    // Whoever dies first closes its ends, and the others read the end of file.
    let pipeline = "tail -f /dev/null | cat | cat | cat";
    let run = observe(&["--wall", "500"], &["sh", "-c", pipeline]);
    assert_eq!(run.code, Some(1));
    let is_of_cat = |event: &&trace::Event| event.name == "cat";
    let of_cats: Vec<_> = run.events.iter().filter(is_of_cat).collect();
    let reads = of_cats.iter().filter(|event| {
        matches!(&event.what, What::Io { is_write: false, .. })
    });
    assert_eq!(reads.count(), 0);
    let waits = of_cats.iter().filter(|event| {
        matches!(&event.what, What::Block { on, .. } if on.kind == "pipe-data")
    });
    assert_eq!(waits.count(), 3, "each waited until it was killed");
    check(&run);
}
