//! Descriptors, and bytes on their way.

use nix::unistd::geteuid;
use trace::What;

use crate::causes::check;
use crate::support::{Run, observed};

/// The bytes that a process has read or written through an object.
fn bytes(run: &Run, who: &str, channel: &str, writes: bool) -> Vec<u64> {
    let all = run.of(who).into_iter().filter_map(|what| match what {
        What::Io { is_write, object, bytes, .. }
            if *is_write == writes && object == channel =>
        {
            Some(*bytes)
        }
        _ => None,
    });
    all.collect()
}

fn pipes(run: &Run) -> Vec<String> {
    let pipes = run.events.iter().filter_map(|event| match &event.what {
        What::Pipe { object, .. } => Some(object.clone()),
        _ => None,
    });
    pipes.collect()
}

#[test]
fn the_end_of_file_is_a_read_of_nothing() {
    let run = observed(&["end-of-file"]);
    check(&run);
    let [pipe] = &pipes(&run)[..] else { panic!("one pipe") };
    assert_eq!(bytes(&run, "A.1", pipe, true), [5]);
    assert_eq!(bytes(&run, "A", pipe, false), [5, 0]);
}

#[test]
fn nothing_of_the_keepers_is_told() {
    let run = observed(&["exit", "0"]);
    let closed =
        run.count(|it| matches!(it, What::Close { by_exec: true, .. }));
    assert_eq!(closed, 0);
    assert!(matches!(run.of("A")[0], What::Exec { ok: true, .. }));
}

#[test]
fn copies_of_a_descriptor_name_the_same_pipe() {
    let run = observed(&["copies"]);
    check(&run);
    let [pipe] = &pipes(&run)[..] else { panic!("one pipe") };
    let mut copies = Vec::new();
    for what in run.of("A") {
        if let What::Dup { fd, object, cloexec, .. } = what {
            assert_eq!(object, pipe);
            copies.push((*fd, *cloexec));
        }
    }
    assert_eq!(copies, [(20, false), (30, false), (40, true)]);
    assert_eq!(bytes(&run, "A", pipe, true), [3]);
    assert_eq!(bytes(&run, "A", pipe, false), [3]);
    for (closed, is_by_exec) in [(20, false), (30, false), (40, true)] {
        run.place("A.1", |it| {
            matches!(it, What::Close { fd, by_exec, .. }
                if *fd == closed && *by_exec == is_by_exec)
        });
    }
}

#[test]
fn an_ioctl_decides_what_exec_closes() {
    let run = observed(&["leaves-open"]);
    check(&run);
    let [pipe] = &pipes(&run)[..] else { panic!("one pipe") };
    let modes: Vec<String> = run
        .of("A")
        .iter()
        .filter_map(|it| match it {
            What::Exec { kept, .. } => Some(kept),
            _ => None,
        })
        .flatten()
        .filter(|held| held.object == *pipe)
        .map(|held| held.mode.clone())
        .collect();
    assert_eq!(modes, ["w"]);
    let is_by_exec =
        |it: &What| matches!(it, What::Close { by_exec: true, .. });
    assert_eq!(run.count(is_by_exec), 1);
}

#[test]
fn a_descriptor_that_came_through_a_socket_names_its_pipe() {
    let run = observed(&["passes"]);
    check(&run);
    let [pipe] = &pipes(&run)[..] else { panic!("one pipe") };
    assert_eq!(bytes(&run, "A.1", pipe, true), [7]);
    assert_eq!(bytes(&run, "A", pipe, false), [7, 0]);
    assert_eq!(run.count(|it| matches!(it, What::Socketpair { .. })), 1);
}

#[test]
fn bytes_of_messages_are_counted_and_not_messages() {
    let run = observed(&["messages"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    let ends: Vec<&What> = run
        .of("A")
        .into_iter()
        .filter(|it| matches!(it, What::Socketpair { .. }))
        .collect();
    let [What::Socketpair { objects: [one, other], .. }] = ends[..] else {
        panic!("one pair")
    };
    assert_eq!(bytes(&run, "A", one, true), [23]);
    assert_eq!(bytes(&run, "A", other, false), [12]);
}

#[test]
fn bytes_of_vectors_and_of_splices_are_counted() {
    for (behaviour, count) in [("vectors", 8), ("splices-from", 9)] {
        let run = observed(&[behaviour]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(0), "{behaviour}");
        let [pipe] = &pipes(&run)[..] else { panic!("one pipe") };
        assert_eq!(bytes(&run, "A", pipe, true), [count], "{behaviour}");
        assert_eq!(bytes(&run, "A", pipe, false), [count], "{behaviour}");
    }
}

#[test]
fn an_opening_that_waits_for_the_other_side_is_told_wherever_it_stands() {
    for behaviour in ["opens-relative", "opens-in-folder"] {
        let run = observed(&[behaviour]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(0), "{behaviour}");
        run.place("A.1", |it| {
            matches!(it, What::Block { call, on, .. }
                if call == "openat" && on.kind == "fifo-peer")
        });
    }
}

#[test]
fn a_path_in_another_root_directory_is_not_taken_for_the_keepers() {
    let run = observed(&["opens-elsewhere"]);
    check(&run);
    if run.code_of("A") == Some(77) {
        assert!(!geteuid().is_root(), "root may have a root directory");
        return;
    }
    assert_eq!(run.code_of("A"), Some(0), "{}", run.stderr);
    run.place("A.1", |it| {
        matches!(it, What::Io { is_write: false, object, bytes: 4, .. }
            if object.starts_with("fifo:"))
    });
}

#[test]
fn bytes_that_never_leave_the_kernel_are_counted() {
    let run = observed(&["moves-within"]);
    check(&run);
    let [first, second, third] = &pipes(&run)[..] else {
        panic!("three pipes")
    };
    assert_eq!(bytes(&run, "A", first, true), [100]);
    assert_eq!(bytes(&run, "A", first, false), [80]);
    assert_eq!(bytes(&run, "A", second, true), [60]);
    assert_eq!(bytes(&run, "A", third, true), [80]);
    let read = |pipe| bytes(&run, "A.1", pipe, false).iter().sum::<u64>();
    assert_eq!((read(second), read(third)), (60, 80));
}
