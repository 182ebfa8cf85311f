//! Level light: what is seen without ptrace, and that nobody is left.

#[path = "../support/mod.rs"]
mod support;

use std::collections::HashSet;
use std::io::Read;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{OBSERVED, Run, Started, observe};
use trace::{Ending, Level, What, Who};

fn light(command: &[&str]) -> Run {
    let run = observe(&["--light"], command);
    assert_eq!(run.level, Some(Level::Light));
    run
}

#[test]
fn the_header_says_that_less_is_seen_and_why() {
    let run = light(&["true"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.because.as_deref(), Some("it was asked for"));
}

#[test]
fn a_program_and_its_exit_code_are_told() {
    for code in [0, 7, 255] {
        let run = light(&["sh", "-c", &format!("exit {code}")]);
        assert_eq!(run.code_of("A"), Some(code));
        let is_program = |it: &What| {
            matches!(it, What::Exec { ok: true, path, .. }
                if path.ends_with("/sh"))
        };
        assert_eq!(run.place("A", is_program), 0);
    }
    let run = light(&[OBSERVED, "die", "15"]);
    let signal = "SIGTERM".to_owned();
    assert_eq!(run.ending("A"), Some(Ending::Signal { signal }));
}

#[test]
fn whoever_lives_long_enough_is_seen_with_parent_and_end() {
    let run = observe(&["--light", "--wall", "1500"], &[OBSERVED, "clings"]);
    assert_eq!(run.code, Some(1));
    let mut there = HashSet::from([Who::first()]);
    let mut created = 1;
    for event in &run.events {
        assert!(there.contains(&event.who), "{event:?}");
        match &event.what {
            What::Create { child: Some(child), .. } => {
                assert_eq!(child.parent().as_ref(), Some(&event.who));
                there.insert(child.clone());
                created += 1;
            }
            What::Exit { .. } => {
                there.remove(&event.who);
            }
            _ => {}
        }
    }
    assert_eq!(created, 10, "clings, seven children, two of theirs");
    assert!(there.is_empty(), "{there:?}");
}

#[test]
fn another_program_of_a_child_is_seen() {
    let run = observe(
        &["--light", "--wall", "1000"],
        &["sh", "-c", "tail -f /dev/null & wait"],
    );
    run.place("A.1", |it| {
        matches!(it, What::Exec { path, args, .. }
            if path.ends_with("tail") && args[1] == "-f")
    });
}

#[test]
fn an_ending_that_nobody_could_see_is_unknown_or_right() {
    let run = light(&[OBSERVED, "many-children", "300"]);
    assert_eq!(run.code_of("A"), Some(0));
    for event in &run.events {
        if let What::Exit { how } = &event.what {
            let known = Ending::Code { code: 0 };
            assert!(
                *how == known || *how == Ending::Unknown { unknown: true },
                "{how:?}"
            );
        }
    }
}

#[test]
fn under_a_tracer_the_level_is_light_and_says_so() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/inner.jsonl");
    let inner = [OBSERVED, "observe", "--jsonl", file, "--", "true"];
    let run = observe(&["--full"], &inner);
    assert_eq!(run.code_of("A"), Some(0));
    let trace = std::fs::read_to_string(file).expect("there is a trace");
    let header = trace.lines().next().expect("a header");
    assert!(header.contains("\"level\":\"light\""), "{header}");
    assert!(header.contains("itself traced: PTRACE_SEIZE"), "{header}");
    let full = [OBSERVED, "observe", "--full", "--jsonl", file, "--", "true"];
    let run = observe(&["--full"], &full);
    assert_eq!(run.code_of("A"), Some(3));
    std::fs::remove_file(file).expect("it is ours");
}

#[test]
fn a_program_that_cannot_be_executed_is_an_error() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/no-program");
    std::fs::write(file, "\0").expect("it can be written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(file, mode).expect("it is ours");
    for options in [&["--light"][..], &[]] {
        let run = observe(options, &[file]);
        assert_eq!(run.code, Some(3));
        assert!(run.stderr.contains("cannot execute"), "{}", run.stderr);
    }
    std::fs::remove_file(file).expect("it is ours");
}

/// Ends a run as said: the parent of the first process is the keeper. What
/// `observe` ended with.
fn end(how: impl Fn(&Started, Pid)) -> Option<i32> {
    let mut run = Started::new(&["--light"], &[OBSERVED, "clings"]);
    let keeper = Pid::from_raw(run.await_keeper());
    how(&run, keeper);
    run.await_end_of_run();
    let mut said = String::new();
    let stderr = run.child.stderr.as_mut().expect("it is piped");
    stderr.read_to_string(&mut said).expect("it is text");
    std::fs::remove_file(&run.file).ok();
    run.child.wait().expect("it is our child").code()
}

/// The process that keeps the keeper.
fn guard_of(keeper: Pid) -> Pid {
    let status = std::fs::read_to_string(format!("/proc/{keeper}/status"));
    let status = status.expect("it lives");
    let mut lines = status.lines();
    let parent = lines.find_map(|line| line.strip_prefix("PPid:"));
    let parent = parent.expect("a parent").trim();
    Pid::from_raw(parent.parse().expect("a pid"))
}

#[test]
fn however_it_ends_nobody_is_left() {
    let send = |pid, signal| kill(pid, signal).expect("it lives");
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        assert_eq!(end(|_, keeper| send(keeper, signal)), Some(1));
        assert_eq!(end(|_, keeper| send(guard_of(keeper), signal)), Some(1));
    }
    assert_eq!(end(|_, keeper| send(keeper, Signal::SIGKILL)), Some(3));
    let code = end(|_, keeper| send(guard_of(keeper), Signal::SIGKILL));
    assert_eq!(code, Some(3));
    let code = end(|run, _| {
        send(Pid::from_raw(run.child.id() as i32), Signal::SIGKILL);
    });
    assert_eq!(code, None);
}

#[test]
fn a_trace_that_nobody_reads_any_more_ends_the_run() {
    let mut run = Started::new(&["--light", "--deaf"], &[OBSERVED, "clings"]);
    run.await_end_of_run();
    assert_eq!(run.child.wait().expect("it is our child").code(), Some(1));
}

#[test]
fn ceilings_hold() {
    let run = observe(
        &["--light", "--processes", "50"],
        &[OBSERVED, "forks-endlessly"],
    );
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("more processes"), "{}", run.stderr);
    let run = observe(
        &["--light", "--wall", "200"],
        &[OBSERVED, "computes-endlessly"],
    );
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("longer"), "{}", run.stderr);
}

#[test]
fn what_only_level_full_can_hold_is_refused_in_one_line() {
    let wanted = [
        (["--output", "1000"], "a ceiling on output"),
        (["--plan", "child-first"], "a plan"),
    ];
    for (option, what) in wanted {
        let options = ["--light", option[0], option[1]];
        let run = observe(&options, &[OBSERVED, "exit", "0"]);
        assert_eq!(run.code, Some(3));
        let line = format!(
            "forklore: {what} needs level full, and it was asked for\n"
        );
        assert_eq!(run.stderr, line);
        assert!(run.events.is_empty(), "it did not begin");
    }
}
