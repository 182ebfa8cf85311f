//! Ends and stops by signals.

use trace::{Ending, Reached, What, Who};

use crate::causes::check;
use crate::support::observed;

#[test]
fn every_deadly_signal_is_named_by_who_died_of_it() {
    let run = observed(&["die-of-each"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    let mut named = 0;
    for event in &run.events {
        if let What::Wait {
            child: Some(child),
            reached: Some(Reached::Ended(ending)),
            ..
        } = &event.what
        {
            assert_eq!(run.ending(&child.to_string()).as_ref(), Some(ending));
            assert!(matches!(ending, Ending::Signal { .. }), "{ending:?}");
            named += 1;
        }
    }
    assert_eq!(named, 56, "64 less those that stop, or do nothing");
    for signal in ["SIGKILL", "SIGTERM", "SIGRT0", "SIGRT32"] {
        let signal = signal.to_owned();
        let ending = Ending::Signal { signal };
        let count =
            run.count(|it| matches!(it, What::Exit { how } if *how == ending));
        assert_eq!(count, 1, "{ending:?}");
    }
}

#[test]
fn an_exit_code_is_told() {
    for code in [0_u8, 1, 42, 255] {
        let run = observed(&["exit", &code.to_string()]);
        assert_eq!(run.code_of("A"), Some(code));
    }
}

#[test]
fn a_stop_is_told_once_for_all_threads_and_seen_by_the_parent() {
    for _ in 0..20 {
        let run = observed(&["stops", "5"]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(0), "waitpid as it should be");
        let turns: Vec<bool> = run
            .of("A.1")
            .into_iter()
            .filter_map(|what| match what {
                What::Stop { signal } => {
                    assert_eq!(signal, "SIGSTOP");
                    Some(true)
                }
                What::Continue => Some(false),
                _ => None,
            })
            .collect();
        assert_eq!(turns, [true, false].repeat(5));
    }
}

#[test]
fn an_alarm_is_told_when_it_is_set_and_when_it_is_taken_back() {
    let run = observed(&["alarms"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    let set: Vec<(u64, u64)> = run
        .of("A")
        .into_iter()
        .filter_map(|what| match what {
            What::Alarm { after_us, every_us, .. } => {
                Some((*after_us, *every_us))
            }
            _ => None,
        })
        .collect();
    let minute = 60_000_000;
    // The timer of its own CPU time is nobody's alarm.
    let expected = [(minute, 0), (0, 0), (minute + 7, 1_000_005), (0, 0)];
    assert_eq!(set, expected);
}

#[test]
fn a_sleep_that_goes_on_after_a_signal_is_told_to_its_end() {
    let run = observed(&["sleeps-through"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    let sleeps: Vec<(u64, u64)> = run
        .events
        .iter()
        .filter(|event| event.who.to_string() == "A.1")
        .filter_map(|event| match &event.what {
            What::Block { on, from_us, .. } if on.kind == "sleep" => {
                Some((*from_us, event.t_us))
            }
            _ => None,
        })
        .collect();
    let [(from, _), .., (_, until)] = sleeps[..] else {
        panic!("it was interrupted, and slept on: {sleeps:?}");
    };
    assert!(until - from >= 200_000, "{sleeps:?}");
}

#[test]
fn a_signal_of_the_kernel_is_told_with_its_reason() {
    let name = |number: i32| u8::try_from(number).ok();
    for (behaviour, number, signal, code) in [
        ("uses-its-cpu-time", libc::SIGXCPU, "SIGXCPU", Some("SI_KERNEL")),
        ("uses-all-its-cpu-time", libc::SIGKILL, "SIGKILL", Some("SI_KERNEL")),
        ("writes-too-much", libc::SIGXFSZ, "SIGXFSZ", None),
        ("times-itself", libc::SIGPROF, "SIGPROF", Some("SI_KERNEL")),
        ("has-a-timer", libc::SIGUSR1, "SIGUSR1", Some("SI_TIMER")),
        ("is-told-by-a-child", libc::SIGUSR1, "SIGUSR1", Some("CLD_EXITED")),
    ] {
        let run = observed(&[behaviour]);
        check(&run);
        assert_eq!(run.code_of("A"), name(number), "{behaviour}");
        let arrivals =
            run.of("A.1").into_iter().filter_map(|what| match what {
                What::Signal { signal, code, from, arrived: true, .. } => {
                    Some((signal.as_str(), code.as_deref(), from.as_ref()))
                }
                _ => None,
            });
        let arrivals: Vec<_> = arrivals.collect();
        assert_eq!(arrivals, [(signal, code, None)], "{behaviour}");
    }
}

#[test]
fn a_childs_end_is_told_as_such_also_behind_the_wait_for_it() {
    let run = observed(&["times-itself"]);
    check(&run);
    let code = run.of("A").into_iter().find_map(|what| match what {
        What::Signal { signal, code, .. } if signal == "SIGCHLD" => {
            code.as_deref()
        }
        _ => None,
    });
    assert_eq!(code, Some("CLD_KILLED"));
}

#[test]
fn who_asks_for_a_signal_at_its_parents_end_is_told() {
    let run = observed(&["dies-with-its-parent"]);
    check(&run);
    assert_eq!(run.code_of("A"), u8::try_from(libc::SIGTERM).ok());
    let term = "SIGTERM".to_owned();
    let asked = run.place("A.1.1", |it| {
        matches!(it, What::Pdeathsig { signal: Some(signal) } if *signal == term)
    });
    let ended = run.place("A.1", |it| matches!(it, What::Exit { .. }));
    let killed = run.place("A.1.1", |it| matches!(it, What::Exit { .. }));
    assert!(asked < ended && ended < killed);
    let to: Option<Who> = Some("A".parse().unwrap());
    run.place(
        "A.1.1",
        |it| matches!(it, What::Reparent { to: it } if *it == to),
    );
}
