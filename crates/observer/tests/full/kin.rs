//! Creations, programs, threads and waits.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::BufReader;

use trace::{Ending, Reached, Reader, What, Who};

use crate::causes::check;
use crate::support::{Run, Started, observed};

/// The calls that created processes.
fn creations(run: &Run) -> Vec<String> {
    let calls = run.events.iter().filter_map(|event| match &event.what {
        What::Create { call, child: Some(_), .. } => Some(call.clone()),
        _ => None,
    });
    calls.collect()
}

#[test]
fn every_way_to_create_a_process_is_one_creation() {
    for behaviour in
        ["fork", "vfork", "clone", "clone-vfork", "spawn", "command"]
    {
        let run = observed(&[behaviour]);
        check(&run);
        assert_eq!(creations(&run).len(), 1, "{behaviour}");
        assert_eq!(run.code_of("A"), Some(3), "{behaviour}");
        assert_eq!(run.code_of("A.1"), Some(3), "{behaviour}");
    }
    assert_eq!(creations(&observed(&["clone"])), ["clone"]);
    #[cfg(target_arch = "x86_64")]
    assert_eq!(creations(&observed(&["vfork"])), ["vfork"]);
}

#[test]
fn a_sibling_is_named_by_its_creator_and_waited_for_by_its_parent() {
    let run = observed(&["sibling"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(9));
    assert_eq!(run.code_of("A.1.1"), Some(5));
    let who: Who = "A.1.1".parse().unwrap();
    run.place("A", |it| {
        matches!(it, What::Wait { child: Some(child), .. } if *child == who)
    });
    assert_eq!(run.count(|it| matches!(it, What::Reparent { .. })), 0);
}

#[test]
fn a_program_is_told_with_its_arguments() {
    let run = observed(&["exec"]);
    check(&run);
    assert_eq!(run.code_of("A.1"), Some(4));
    run.place("A.1", |it| {
        matches!(it, What::Exec { ok: true, args, .. }
            if *args == ["observed", "exit", "4"])
    });
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let run = observed(&["exec-fails"]);
    check(&run);
    assert_eq!(run.code_of("A.1"), Some(libc::ENOENT as u8));
    run.place("A.1", |it| {
        matches!(it, What::Exec { ok: false, path, errno: Some(errno), .. }
            if path == "/none" && errno == "ENOENT")
    });
}

#[test]
fn a_thread_that_executes_becomes_its_process() {
    for _ in 0..20 {
        let run = observed(&["exec-from-thread"]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(6));
        let programs = |it: &What| matches!(it, What::Exec { ok: true, .. });
        assert_eq!(run.count(programs), 2);
        let last = run.events.iter().rfind(|event| programs(&event.what));
        assert_eq!(last.unwrap().tid, None);
    }
}

#[test]
fn threads_are_no_processes() {
    let run = observed(&["threads", "20"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    assert!(creations(&run).is_empty());
    let mut paths: Vec<String> = beginnings(&run);
    paths.sort_by_key(|path| path.parse::<u32>().unwrap());
    let all: Vec<String> = (1..=20).map(|k: u32| k.to_string()).collect();
    assert_eq!(paths, all);
}

/// The paths of the threads that began.
fn beginnings(run: &Run) -> Vec<String> {
    let began = run.events.iter().filter_map(|event| match &event.what {
        What::Thread { began } => began.clone(),
        _ => None,
    });
    began.collect()
}

#[test]
fn a_thread_says_nothing_before_its_beginning_or_behind_its_end() {
    for behaviour in
        ["threads", "exec-from-thread", "leader-ends-first", "thread-ends-all"]
    {
        let run = observed(&[behaviour, "6"]);
        let mut alive = BTreeSet::new();
        for event in &run.events {
            // With the last thread its process ends.
            let is_end = matches!(event.what, What::Exit { .. });
            assert!(!is_end || alive.is_empty() && event.tid.is_none());
            let Some(tid) = event.tid else { continue };
            match &event.what {
                What::Thread { began: Some(_) } => {
                    assert!(alive.insert(tid), "{behaviour}: {event:?}");
                }
                What::Thread { began: None } => {
                    assert!(alive.remove(&tid), "{behaviour}: {event:?}");
                }
                _ => assert!(alive.contains(&tid), "{behaviour}: {event:?}"),
            }
        }
        assert!(alive.is_empty(), "{behaviour}: {alive:?} never ended");
    }
}

#[test]
fn a_first_thread_that_ends_alone_is_told() {
    let run = observed(&["leader-ends-first"]);
    let is_end = |event: &&trace::Event| {
        event.tid.is_none()
            && matches!(event.what, What::Thread { began: None })
    };
    assert_eq!(run.events.iter().filter(is_end).count(), 1);
}

#[test]
fn a_thread_of_a_thread_is_named_by_both() {
    let run = observed(&["thread-of-a-thread"]);
    check(&run);
    assert_eq!(beginnings(&run), ["1", "1.1", "2"]);
}

#[test]
fn a_process_ends_with_its_last_thread() {
    for (behaviour, code) in [("leader-ends-first", 9), ("thread-ends-all", 8)]
    {
        for _ in 0..10 {
            let run = observed(&[behaviour]);
            check(&run);
            assert_eq!(run.code_of("A"), Some(code), "{behaviour}");
        }
    }
}

#[test]
fn a_zombie_that_is_only_looked_at_stays_one() {
    let run = observed(&["nowait"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    let mut waits = Vec::new();
    for event in &run.events {
        if let What::Wait { call, child, reached, kept_zombie, .. } =
            &event.what
        {
            waits.push((&**call, child.clone(), reached.clone(), *kept_zombie));
        }
    }
    let child: Option<Who> = Some("A.1".parse().unwrap());
    let ended = Some(Reached::Ended(Ending::Code { code: 7 }));
    assert_eq!(
        waits,
        [
            ("waitid", child.clone(), ended.clone(), true),
            ("wait4", child, ended, false),
        ]
    );
}

#[test]
fn a_wait_that_asks_for_nothing_is_told_all_the_same() {
    let run = observed(&["wait-blindly"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    for (who, code) in [("A.1", 1), ("A.2", 2)] {
        let who: Who = who.parse().unwrap();
        let ended = Reached::Ended(Ending::Code { code });
        run.place("A", |it| {
            matches!(it, What::Wait { child, reached, .. }
                if child.as_ref() == Some(&who)
                    && reached.as_ref() == Some(&ended))
        });
    }
}

#[test]
fn a_thousand_children_are_told_apart() {
    let run = observed(&["many-children", "1000"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    assert_eq!(creations(&run).len(), 1000);
    let waits = run.count(|it| {
        matches!(it, What::Wait { child: Some(_), reached: Some(_), .. })
    });
    assert_eq!(waits, 1000);
}

#[test]
fn children_that_nobody_waits_for_end_once_and_go_to_nobody_of_the_run() {
    let run = observed(&["never-waits", "20"]);
    check(&run);
    let usages = run.count(|it| matches!(it, What::Cpu { .. }));
    assert_eq!(usages, 21);
    let orphans = run.count(|it| matches!(it, What::Reparent { to: None }));
    assert_eq!(orphans, 20);
}

#[test]
fn an_orphan_goes_to_the_nearest_subreaper() {
    let run = observed(&["adopts"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(0));
    let heir = Some(Who::first());
    run.place("A.1.1", |it| matches!(it, What::Reparent { to } if *to == heir));
    let orphan: Option<Who> = Some("A.1.1".parse().unwrap());
    run.place(
        "A",
        |it| matches!(it, What::Wait { child, .. } if *child == orphan),
    );
    let run = observed(&["orphan"]);
    check(&run);
    run.place("A.1.1", |it| matches!(it, What::Reparent { to: None }));
}

#[test]
fn a_process_starts_when_the_kernel_says_so() {
    // Far more children than there are clock ticks: some are born in the
    // middle of one, some at its edge.
    let loops =
        "i=0; while [ $i -lt 300 ]; do cat /proc/self/stat; i=$((i+1)); done";
    let mut started = Started::new(&[], &["sh", "-c", loops]);
    let printed = started.await_end_of_run();
    started.child.wait().expect("it is our child");
    let trace = File::open(&started.file).expect("there is a trace");
    let events = Reader::new(BufReader::new(trace)).expect("a header");
    let told: HashSet<(i32, u64)> = events
        .map_while(Result::ok)
        .filter(|event| event.name == "cat")
        .map(|event| (event.pid, event.start))
        .collect();
    std::fs::remove_file(&started.file).expect("it is ours");
    let printed = String::from_utf8(printed).expect("numbers and names");
    let true_ones: HashSet<(i32, u64)> = printed
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            (fields[0].parse().unwrap(), fields[21].parse().unwrap())
        })
        .collect();
    assert_eq!(true_ones.len(), 300);
    assert_eq!(told, true_ones);
}
