//! One test for each claim of the README.

use transcript::lesson;

#[test]
fn the_number_that_a_process_prints_is_the_one_the_kernel_gave_it() {
    let child = lesson!().command(&["hello"]).spawn().unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, format!("pid {pid}\nHello World\n"));
}

#[test]
fn two_processes_print_and_the_waiting_parent_is_second() {
    let run = lesson!().demo("worker");
    let [worker, parent] = run.lines()[..] else { panic!("{run:#?}") };
    let worker = worker.strip_prefix("Worker process executing with PID: ");
    let parent = parent.strip_prefix("Parent process executing with PID: ");
    let worker: u32 = worker.unwrap().parse().unwrap();
    let parent: u32 = parent.unwrap().parse().unwrap();
    assert_ne!(worker, parent);
}

#[test]
fn a_parent_that_waits_is_never_first() {
    let run = lesson!().run(&["--naive", "--runs", "100"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:#?}");
    let [line] = run.lines()[..] else { panic!("{run:#?}") };
    assert!(line.starts_with("the parent's line came first: "), "{line}");
    assert!(line.ends_with(" of 100 runs, right in 0"), "{line}");
}

#[test]
fn the_number_of_runs_must_be_a_number_above_zero() {
    for runs in ["0", "-1", "many", "4294967296", ""] {
        let line = lesson!().refuses(&["--naive", "--runs", runs], 2);
        assert!(line.ends_with(&format!("not '{runs}'")), "{line}");
    }
    lesson!().refuses(&["--naive", "--runs"], 2);
    lesson!().refuses(&["--naive", "--runs", "1", "more"], 2);
}

#[test]
fn fork_returns_zero_in_the_child_and_the_childs_pid_in_the_parent() {
    let run = lesson!().demo("returns-twice");
    let lines = run.lines();
    let parent = lines[0].strip_prefix("before: one process, pid ").unwrap();
    let own = lines[2].strip_prefix("child: I am pid ").unwrap();
    let (child, its_parent) = own.split_once(", my parent is pid ").unwrap();
    assert_eq!(lines[1], "child: fork returned 0");
    assert_eq!(its_parent, parent);
    assert_ne!(child, parent);
    assert_eq!(
        lines[3..],
        [
            format!(
                "parent: fork returned the number of my child, pid {child}"
            ),
            format!("parent: I am still pid {parent}"),
        ]
    );
}

#[test]
fn a_pipe_orders_two_lines_without_wait() {
    // One run may go well by luck.
    for _ in 0..50 {
        let run = lesson!().demo("gate");
        assert_eq!(
            run.lines(),
            [
                "child: hello",
                "parent: goodbye (read returned 0; I have not waited yet)",
            ]
        );
    }
}

#[test]
fn arguments_reach_the_worker_without_transport() {
    let worker = "Worker process executing with name: John and age: 25";
    assert_eq!(
        lesson!().demo("arguments").lines(),
        [worker, worker, worker, "Parent process executing"]
    );
}

#[test]
fn one_address_holds_two_values_in_two_processes() {
    let run = lesson!().demo("copies");
    for name in ["coins", "purse"] {
        let seen: Vec<(&str, &str, &str)> = run
            .lines()
            .into_iter()
            .filter(|line| line.contains(&format!(" {name} ")))
            .map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                (words[0], words[2], words[4].trim_end_matches(','))
            })
            .collect();
        let address = seen[0].2;
        assert!(address.starts_with("0x") && address.len() >= 8, "{seen:?}");
        assert_eq!(
            seen,
            [
                ("parent:", "100", address),
                ("child:", "99", address),
                ("parent:", "100", address),
            ]
        );
    }
}

#[test]
fn an_arc_counts_the_owners_in_its_own_process() {
    let run = lesson!().demo("copies");
    assert!(run.lines().contains(&"child:  the Arc has 2 owners"));
    assert!(run.lines().contains(&"parent: the Arc has 1 owner"));
}

#[test]
fn a_page_is_copied_when_it_is_written_to() {
    let run = lesson!().demo("copies");
    let lines = run.lines().into_iter();
    let pages: Vec<&str> = lines.filter(|l| l.ends_with(" of 64")).collect();
    assert_eq!(
        pages,
        [
            "parent: pages of my own: 64 of 64",
            "child:  pages of my own: 0 of 64",
            "child:  writes one byte: 1 of 64",
            "parent: pages of my own: 64 of 64",
        ]
    );
}

#[test]
fn a_file_opened_before_fork_has_one_offset_for_both() {
    let run = lesson!().demo("offset");
    assert_eq!(
        run.lines()[..3],
        [
            "opened once, before fork",
            "parent: my offset is 8 before I write",
            "parent: the file holds childishPAPA",
        ]
    );
}

#[test]
fn two_opens_overwrite_each_other() {
    let run = lesson!().demo("offset");
    assert_eq!(
        run.lines()[3..6],
        [
            "opened by each process",
            "parent: my offset is 0 before I write",
            "parent: the file holds PAPAdish",
        ]
    );
}

#[test]
fn o_append_writes_at_the_end_wherever_the_offset_is() {
    let run = lesson!().demo("offset");
    assert_eq!(
        run.lines()[6..],
        [
            "opened by each process, with O_APPEND",
            "parent: my offset is 0 before I write",
            "parent: the file holds childishPAPA",
        ]
    );
}

#[test]
fn text_left_in_the_buffer_is_printed_twice() {
    assert_eq!(
        lesson!().demo("buffer").lines(),
        [
            "the child calls exit:  [once][once]",
            "the child calls _exit: [once]",
            "flushed before fork:   [once]",
        ]
    );
}

#[test]
fn three_rounds_of_fork_make_eight_processes_or_four() {
    assert_eq!(
        lesson!().demo("tree").lines(),
        [
            "the child stays in the loop: 8 processes",
            "the child leaves the loop: 4 processes",
        ]
    );
}

#[test]
fn wait_takes_whichever_child_has_ended() {
    assert_eq!(
        lesson!().demo("reap").lines()[..4],
        [
            "wait: the third worker, exit code 30",
            "wait: the first worker, exit code 10",
            "wait: the second worker, exit code 20",
            "wait: ECHILD: No child processes",
        ]
    );
}

#[test]
fn waitpid_takes_the_child_it_is_asked_for() {
    assert_eq!(
        lesson!().demo("reap").lines()[4..],
        [
            "waitid, WNOWAIT: the third worker, exit code 30",
            "waitpid: the first worker, exit code 10",
            "waitpid: the second worker, exit code 20",
            "waitpid: the third worker, exit code 30",
        ]
    );
}

#[test]
fn fork_fails_at_the_limit_of_processes() {
    let run = lesson!().demo("limit");
    assert_eq!(run.lines()[0], "tester: fork: EAGAIN: Try again");
}

#[test]
fn never_more_than_two_jobs_run_at_once() {
    let run = lesson!().demo("limit");
    let log = run.lines()[1].strip_prefix("overseer: ").unwrap();
    let log = log.strip_suffix(", never more than 2 at once").unwrap();
    let (mut starts, mut running) = (0, 0);
    for event in log.chars() {
        match event {
            '+' => (starts, running) = (starts + 1, running + 1),
            '-' => running -= 1,
            other => panic!("{other}"),
        }
        assert!((0..=2).contains(&running), "{log}");
    }
    assert_eq!((starts, running), (6, 0), "{log}");
}

#[test]
fn a_lock_is_copied_and_the_thread_that_holds_it_is_not() {
    assert_eq!(
        lesson!().demo("threads").lines(),
        [
            "parent: 2 threads; the lock is held",
            "parent: the holder let go; the lock is free",
            "child:  1 thread; the lock is held",
        ]
    );
}
