//! Which children become zombies, and who collects them.

use std::fs::File;
use std::io::BufReader;
use std::process::Command;

use trace::{Ending, Reached, Reader, What, Who};

use crate::causes::check;
use crate::support::{OBSERVED, Run, observed};

#[test]
fn children_that_the_kernel_collects_are_nobodys_orphans() {
    let run = observed(&["ignores-children"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    assert_eq!(run.count(|it| matches!(it, What::Reparent { .. })), 0);
}

#[test]
fn whether_the_kernel_collects_is_what_the_parent_wants_at_that_moment() {
    for (behaviour, collected) in [
        ("ignores-one", &[true, false][..]),
        ("no-zombies-of-one", &[true, false]),
        ("zombies-after-exec", &[false]),
        ("leaves-a-zombie", &[false]),
    ] {
        let run = observed(&[behaviour]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(0));
        assert_eq!(collected_by_kernel(&run), collected, "{behaviour}");
    }
}

#[test]
fn who_starts_with_sigchld_ignored_has_no_zombies() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/ignoring.jsonl");
    let status = Command::new("env")
        .args(["--ignore-signal=CHLD", OBSERVED, "observe", "--jsonl"])
        .args([file, "--", OBSERVED, "leaves-a-zombie"])
        .status();
    assert!(status.is_ok_and(|it| it.success()));
    let trace = File::open(file).expect("there is a trace");
    let events = Reader::new(BufReader::new(trace)).expect("a header");
    let events = events.map_while(Result::ok).collect();
    std::fs::remove_file(file).expect("it is ours");
    let run = Run {
        code: Some(0),
        level: None,
        because: None,
        events,
        stderr: String::new(),
    };
    assert_eq!(collected_by_kernel(&run), [true]);
}

/// For every child of the first process whether the kernel collected it.
fn collected_by_kernel(run: &Run) -> Vec<bool> {
    let of_children = run.events.iter().filter(|event| event.who.depth() == 1);
    let all = of_children.filter_map(|event| match event.what {
        What::Cpu { collected, .. } => Some(collected),
        _ => None,
    });
    all.collect()
}

#[test]
fn who_does_not_send_sigchld_is_a_zombie_also_where_it_is_ignored() {
    for signal in [0, libc::SIGURG] {
        let run = observed(&["tells-by", &signal.to_string()]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(0));
        assert_eq!(collected_by_kernel(&run), [false], "{signal}");
        let ended = Some(Reached::Ended(Ending::Code { code: 3 }));
        let who: Option<Who> = Some("A.1".parse().unwrap());
        run.place("A", |it| {
            matches!(it, What::Wait { child, reached, .. }
                if *child == who && *reached == ended)
        });
    }
}

#[test]
fn who_executes_a_program_or_whose_parent_does_sends_sigchld() {
    for behaviour in ["executes-before-it-tells", "tells-by-after-exec"] {
        let run = observed(&[behaviour, &libc::SIGURG.to_string()]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(0), "{behaviour}");
        assert_eq!(collected_by_kernel(&run), [true], "{behaviour}");
    }
}

#[test]
fn dispositions_that_are_shared_count_for_both() {
    let run = observed(&["shares-dispositions"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    assert_eq!(collected_by_kernel(&run), [true, true]);
}

#[test]
fn a_zombie_is_handed_only_to_who_wants_it() {
    for (is_wanted, orphans) in [("1", 1), ("0", 0)] {
        let run = observed(&["hands-on-a-zombie", is_wanted]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(0), "{is_wanted}");
        let count = run.count(|it| matches!(it, What::Reparent { .. }));
        assert_eq!(count, orphans, "{is_wanted}");
    }
}
