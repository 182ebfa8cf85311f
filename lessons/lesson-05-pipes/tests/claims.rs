//! One test for each claim of the README.

use transcript::lesson;

#[test]
fn the_answer_reaches_the_worker() {
    let run = lesson!().demo("report");
    assert_eq!(run.lines(), ["I Completed my work", "ok good work"]);
}

#[test]
fn every_message_is_received_before_the_next_is_sent() {
    let run = lesson!().demo("messages");
    assert_eq!(
        run.lines(),
        [
            "Received: Hi",
            "Received: How are you?",
            "Received: Bye",
            "Closing connection...",
        ]
    );
}

#[test]
fn the_naive_parent_receives_its_own_words() {
    let run = lesson!().demo("alone");
    assert_eq!(
        run.lines().last(),
        Some(&"the parent receives its own words: ok good work")
    );
}

#[test]
fn the_end_of_file_needs_every_write_end_closed() {
    let run = lesson!().demo("end-of-file");
    assert_eq!(
        run.lines()[2..],
        [
            "receiver: holds a write end itself: a read would wait for ever",
            "receiver: has closed it: a read would return at once",
            "receiver: read returns 0, the end of file",
        ]
    );
}

#[test]
fn three_writes_may_arrive_as_one_read() {
    let run = lesson!().demo("borders");
    assert_eq!(
        run.lines()[..3],
        [
            "three writes, one read of 17 bytes: \"HiHow are you?Bye\"",
            "a buffer of 8, a read of 8 bytes: \"How are \"",
            "and once more, 4 bytes: \"you?\"",
        ]
    );
}

#[test]
fn a_writer_without_a_reader_is_stopped() {
    let run = lesson!().demo("no-reader");
    assert_eq!(
        run.lines(),
        [
            "parent, which ignores SIGPIPE: EPIPE: Broken pipe",
            "writer, which does not: killed by SIGPIPE",
        ]
    );
}

#[test]
fn a_full_pipe_has_room_again_after_a_whole_page() {
    let run = lesson!().demo("capacity");
    let [room, full, after_byte, after_page] = run.lines()[..] else {
        panic!("{run:#?}");
    };
    let figure = |line: &str| -> Option<usize> {
        line.split_whitespace().find_map(|word| word.parse().ok())
    };
    assert!(figure(room).is_some());
    assert_eq!(figure(room), figure(full));
    assert!(after_byte.ends_with(": no room"), "{after_byte}");
    assert!(after_page.ends_with(": 1 byte"), "{after_page}");
}

#[test]
fn only_a_long_write_is_cut() {
    let run = lesson!().demo("atomic");
    let [limit, too_long, fits, cut] = run.lines()[..] else {
        panic!("{run:#?}");
    };
    assert_eq!(limit, "PIPE_BUF is 4096 bytes");
    assert!(too_long.ends_with("not one byte is in"), "{too_long}");
    assert!(fits.ends_with("all of it is in"), "{fits}");
    assert!(cut.ends_with("the message is cut"), "{cut}");
}

#[test]
fn every_stage_of_the_pipeline_ends() {
    let run = lesson!().demo("pipeline");
    assert_eq!(
        run.lines(),
        [
            "FORK",
            "FORK",
            "yes: killed by SIGPIPE",
            "head: exit code 0",
            "tr: exit code 0",
        ]
    );
}

#[test]
fn a_missing_program_is_one_line() {
    let lesson = lesson!();
    let run = transcript::run(
        lesson.command(&["pipeline"]).env("PATH", "/nonexistent"),
    );
    assert_eq!((run.code, &*run.stdout), (Some(1), ""));
    let line = lesson.one_error_line(&run);
    assert!(line.ends_with("there is no yes on PATH"), "{line}");
}

#[test]
fn writing_everything_first_stands_still() {
    let run = lesson!().demo("deadlock");
    let figures = |line: &str| -> Vec<usize> {
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let lines = run.lines();
    let [sent, all] = figures(lines[0])[..] else { panic!("{run:#?}") };
    assert!(0 < sent && sent < all, "{run:#?}");
    assert_eq!(lines[1], "parent: the next write waits for the echo to read");
    assert_eq!(figures(lines[3]), [all], "everything came back");
}

#[test]
fn the_sieve_finds_the_primes_and_ends() {
    let run = lesson!().demo("sieve");
    let primes: Vec<&str> = run
        .lines()
        .iter()
        .map(|line| line.trim_end_matches(" is prime"))
        .collect();
    assert_eq!(
        primes,
        ["2", "3", "5", "7", "11", "13", "17", "19", "23", "29"]
    );
}
