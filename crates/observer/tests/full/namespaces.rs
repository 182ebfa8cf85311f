//! In a PID namespace of their own, processes wait for and signal each other
//! by ids that mean nothing to the keeper.

use nix::unistd::geteuid;
use trace::{Ending, Event, What, Who};

use crate::causes::check;
use crate::support::{Run, observed};

/// Observes a behaviour that makes a namespace; `None` if it may not.
fn in_a_namespace(behaviour: &str) -> Option<Run> {
    let run = observed(&[behaviour]);
    if run.code_of("A") == Some(77) {
        assert!(!geteuid().is_root(), "root may have a namespace");
        return None;
    }
    check(&run);
    assert_eq!(run.code_of("A"), Some(0), "{}", run.stderr);
    Some(run)
}

#[test]
fn in_a_pid_namespace_waits_and_signals_find_whom_they_mean() {
    for behaviour in ["unshares-pids", "clones-into-pids"] {
        let Some(run) = in_a_namespace(behaviour) else { return };
        let waits = run.of("A.1").into_iter().filter_map(|it| match it {
            What::Wait { child, .. } => child.as_ref().map(Who::to_string),
            _ => None,
        });
        let waits: Vec<String> = waits.collect();
        let all = ["A.1.1", "A.1.2", "A.1.3", "A.1.4", "A.1.4.1"];
        assert_eq!(waits, all, "{behaviour}");
        let killed: Option<Who> = Some("A.1.3".parse().unwrap());
        run.place(
            "A.1",
            |it| matches!(it, What::Signal { to, .. } if *to == killed),
        );
        run.place(
            "A",
            |it| matches!(it, What::Wait { child: Some(it), .. } if it.depth() == 1),
        );
    }
}

#[test]
fn orphans_of_a_pid_namespace_go_to_its_first_process_and_die_with_it() {
    let Some(run) = in_a_namespace("unshares-pids") else { return };
    let first: Option<Who> = Some("A.1".parse().unwrap());
    run.place(
        "A.1.4.1",
        |it| matches!(it, What::Reparent { to } if *to == first),
    );
    assert_eq!(run.count(|it| matches!(it, What::Reparent { .. })), 1);
    let signal = "SIGKILL".to_owned();
    assert_eq!(run.ending("A.1.5"), Some(Ending::Signal { signal }));
}

#[test]
fn an_id_that_differs_for_the_program_is_told() {
    let Some(run) = in_a_namespace("unshares-pids") else { return };
    let seen = |event: &Event| (event.who.to_string(), event.pid_seen);
    let all: Vec<(String, Option<i32>)> = run.events.iter().map(seen).collect();
    for (who, pid) in [("A", None), ("A.1", Some(1)), ("A.1.2", Some(3))] {
        assert!(all.contains(&(who.to_owned(), pid)), "{who}");
    }
}
