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
