//! Effects never stand before their causes.

use std::collections::{HashMap, HashSet};

use trace::{Reached, What, Who};

use crate::support::{Run, observed};

/// Panics, with the event, where an effect stands before its cause.
pub(crate) fn check(run: &Run) {
    let mut created = HashSet::from([Who::first()]);
    let mut ended = HashSet::new();
    for event in &run.events {
        let who = &event.who;
        assert!(created.contains(who), "not created yet: {event:?}");
        let may_follow_the_end = matches!(
            event.what,
            What::Cpu { .. } | What::Reparent { .. } | What::Block { .. }
        );
        assert!(
            !ended.contains(who) || may_follow_the_end,
            "it has ended: {event:?}"
        );
        match &event.what {
            What::Create { child: Some(child), .. } => {
                assert_eq!(child.parent().as_ref(), Some(who), "{event:?}");
                assert!(created.insert(child.clone()), "twice: {event:?}");
            }
            What::Exit { .. } => {
                ended.insert(who.clone());
            }
            What::Wait {
                child: Some(child),
                reached: Some(Reached::Ended(_)),
                ..
            } => assert!(ended.contains(child), "it lives: {event:?}"),
            _ => {}
        }
    }
    let lost: Vec<&Who> = created.difference(&ended).collect();
    assert!(lost.is_empty(), "{lost:?} never ended");
    check_bytes(run);
}

/// At every moment at least as many bytes are written as are read.
pub(crate) fn check_bytes(run: &Run) {
    let mut peers: HashMap<&str, &str> = HashMap::new();
    let mut balances: HashMap<&str, i64> = HashMap::new();
    for event in &run.events {
        match &event.what {
            What::Pipe { object, .. } => {
                balances.insert(object, 0);
            }
            What::Socketpair { objects: [one, other], .. } => {
                balances.extend([(one.as_str(), 0), (other.as_str(), 0)]);
                peers.extend([(one.as_str(), other.as_str())]);
                peers.extend([(other.as_str(), one.as_str())]);
            }
            What::Io { is_write, object, bytes, .. } => {
                let object = object.as_str();
                let source = if *is_write {
                    object
                } else {
                    peers.get(object).copied().unwrap_or(object)
                };
                let Some(balance) = balances.get_mut(source) else { continue };
                let bytes = *bytes as i64;
                *balance += if *is_write { bytes } else { -bytes };
                assert!(*balance >= 0, "read before written: {event:?}");
            }
            _ => {}
        }
    }
}

fn total(run: &Run, writes: bool) -> u64 {
    run.events
        .iter()
        .map(|event| match event.what {
            What::Io { is_write, bytes, .. } if is_write == writes => bytes,
            _ => 0,
        })
        .sum()
}

#[test]
fn a_ping_is_written_before_it_is_read() {
    for _ in 0..200 {
        let run = observed(&["ping-pong", "10"]);
        assert_eq!(run.code_of("A"), Some(0));
        check(&run);
        assert_eq!((total(&run, true), total(&run, false)), (20, 20));
    }
}

#[test]
fn seven_writers_write_before_the_reader_reads() {
    for _ in 0..200 {
        let run = observed(&["many-writers", "6"]);
        assert_eq!(run.code_of("A"), Some(0));
        check(&run);
        assert_eq!(total(&run, true), total(&run, false));
        let writes =
            run.count(|it| matches!(it, What::Io { is_write: true, .. }));
        assert_eq!(writes, 7 * 6);
    }
}

#[test]
fn a_write_that_waits_for_room_is_told_as_far_as_it_is_read() {
    for _ in 0..20 {
        let run = observed(&["one-large-write"]);
        check(&run);
        assert_eq!((total(&run, true), total(&run, false)), (300_000, 300_000));
    }
}

#[test]
fn a_look_at_bytes_reads_none() {
    let run = observed(&["peeks"]);
    check(&run);
    assert_eq!((total(&run, true), total(&run, false)), (12, 12));
}
