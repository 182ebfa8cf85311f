//! One test for each claim of the README.

use std::process::Command;

use transcript::{Run, lesson};

const ITEMS: [&str; 3] =
    ["Consumed: Item 1", "Consumed: Item 2", "Consumed: Item 3"];

#[test]
fn three_items_cross_and_the_consumer_learns_of_the_end() {
    let run = lesson!().demo("between");
    assert_eq!(run.lines()[..3], ITEMS);
    assert_eq!(run.lines()[3..], ["consumer: no sender is left"]);
}

#[test]
fn an_early_look_leaves_every_item_behind() {
    let run = lesson!().demo("empty");
    assert_eq!(
        run.lines(),
        [
            "consumer: the queue is empty, so this is the end",
            "producer: three items sent",
            "nobody consumed Item 1",
            "nobody consumed Item 2",
            "nobody consumed Item 3",
        ]
    );
}

#[test]
fn the_naive_loop_goes_wrong_and_the_right_one_never() {
    let run = lesson!().run(&["--naive", "--runs", "100"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let counts: Vec<u32> = run
        .stdout
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    let [wrong, 100, 0] = counts[..] else { panic!("{run:#?}") };
    assert!(wrong > 0, "{run:#?}");
}

#[test]
fn threads_hand_over_the_same_items_in_memory() {
    let run = lesson!().demo("inside");
    assert_eq!(run.lines()[..3], ITEMS);
    assert_eq!(run.lines()[3..], ["consumer: no sender is left"]);
}

#[test]
fn a_queue_in_memory_does_not_cross_fork() {
    let run = lesson!().demo("copied");
    assert_eq!(
        run.lines(),
        [
            "producer: sent Item 1; its queue holds 2",
            "consumer: the producer has ended; its queue holds 1",
            "consumer: try_recv returns Ok(\"Item 0\")",
            "consumer: try_recv returns Err(Empty)",
        ]
    );
}

#[test]
fn two_consumers_share_the_items_and_each_is_consumed_once() {
    for _ in 0..20 {
        let run = lesson!().demo("once");
        assert_eq!(
            run.lines(),
            [
                "100 items consumed, their sum is 5050",
                "each of 1 to 100 consumed exactly once: true",
            ]
        );
    }
}

#[test]
fn send_waits_when_nobody_reads() {
    let run = lesson!().demo("full");
    assert_eq!(
        run.lines()[0],
        "consumer: the producer is in state S: it waits inside send"
    );
}

#[test]
fn messages_outlive_their_sender() {
    let run = lesson!().demo("full");
    let last = run.lines()[2];
    let count = last.strip_prefix("consumer: about ").unwrap();
    let count = count.strip_suffix(" messages, in order, then the end");
    let count: u32 = count.unwrap().parse().unwrap();
    // The buffer's size is the machine's (net.core.wmem_default).
    assert!((2..1_000_000).contains(&count), "{run:#?}");
}

#[test]
fn a_full_queue_refuses_a_send_that_must_not_wait() {
    let run = lesson!().demo("bounded");
    assert_eq!(run.lines()[2], "not blocking: Item 3 is in");
    assert_eq!(run.lines()[3], "not blocking: Item 4: EAGAIN");
}

#[test]
fn a_full_queue_holds_its_sender_until_one_message_is_taken() {
    let run = lesson!().demo("bounded");
    assert_eq!(
        run.lines()[4..],
        [
            "blocking: Item 4: the producer is in state S",
            "consumer: takes Item 1",
            "consumer: the producer's send has returned, it has ended",
            "consumer: takes Item 2",
            "consumer: takes Item 3",
            "consumer: takes Item 4",
        ]
    );
}

#[test]
fn the_highest_priority_comes_first_and_the_oldest_among_equals() {
    let run = lesson!().demo("priorities");
    assert_eq!(
        run.lines()[4..8],
        [
            "consumer: 9 fire",
            "consumer: 9 flood",
            "consumer: 1 water the plants",
            "consumer: 1 feed the cat",
        ]
    );
}

#[test]
fn the_buffer_must_have_room_for_the_longest_message() {
    let run = lesson!().demo("priorities");
    assert_eq!(
        run.lines()[8..],
        [
            "consumer: 63 bytes of room for 2: EMSGSIZE",
            "consumer: 64 bytes of room for 2: Hi",
        ]
    );
}

#[test]
fn the_last_senders_end_wakes_every_consumer() {
    let run = lesson!().demo("end");
    assert_eq!(
        run.lines()[..2],
        [
            "disconnect: two consumers wait; the last sender goes",
            "disconnect: both consumers have ended",
        ]
    );
}

#[test]
fn a_sentinel_ends_one_consumer() {
    let run = lesson!().demo("end");
    assert_eq!(
        run.lines()[2..],
        [
            "sentinel: two consumers wait; one sentinel is sent",
            "sentinel: one has ended, one waits, and the queue holds 0",
            "sentinel: a second one ends the other",
        ]
    );
}

#[test]
fn a_queue_that_cannot_be_made_is_told_in_one_line() {
    for demo in ["bounded", "priorities", "end"] {
        let run = without_message_queues(demo);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let line = lesson!().one_error_line(&run);
        assert!(line.contains("cannot make the message queue"), "{line}");
        assert!(line.contains("RLIMIT_MSGQUEUE"), "{line}");
    }
}

/// The demo, where the user may hold no byte in message queues (prlimit(1)).
fn without_message_queues(demo: &str) -> Run {
    let mut command = Command::new("prlimit");
    command.args(["--msgqueue=0", lesson!().program, demo]);
    transcript::run(command.stdout(std::process::Stdio::piped()))
}
