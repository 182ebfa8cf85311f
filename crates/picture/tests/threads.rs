//! Threads are lanes below their process.

use picture::{LaneStyle, Time, html, lanes, svg};
use stage::{Stage, crowd, threads, threads_in};
use trace::Who;

mod stage;

fn drawn(stage: &Stage, time: Time) -> String {
    lanes(&stage.story(), &LaneStyle { time, ..LaneStyle::default() })
}

fn heads(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim_start);
    lines
        .filter(|line| line.starts_with('A') && !line.contains("a thread of"))
        .filter_map(|line| line.split(' ').next())
        .collect()
}

#[test]
fn a_thread_has_a_lane_below_its_process() {
    let text = drawn(&threads(), Time::Linear);
    assert_eq!(heads(&text), ["A", "A/1", "A/1.1", "A/2"], "{text}");
    assert!(text.contains("▄ a thread runs"), "{text}");
    assert!(text.contains("pipe P1: A/1 → A 8 B"), "{text}");
    assert!(!text.contains("7000"), "no thread id:\n{text}");
    let image = svg(&threads().story());
    assert_eq!(image.matches("<rect class=\"run strand\"").count(), 3 + 1);
}

#[test]
fn a_deed_of_a_thread_stands_on_its_lane() {
    let text = drawn(&threads(), Time::Step);
    let line = |head: &str| {
        let is_it = |line: &&str| line.trim_start().starts_with(head);
        text.lines().find(is_it).unwrap_or_else(|| panic!("{head}: {text}"))
    };
    assert!(line("A/1 ").contains("write P1 8 B"), "{text}");
    assert!(line("A/2 ").contains("close P2.w"), "{text}");
    assert!(line("A ").contains("┬A/1"), "{text}");
}

/// The scheduler decides which thread comes first, and the kernel the ids.
#[test]
fn step_time_knows_no_order_between_threads() {
    let first = drawn(&threads(), Time::Step);
    assert_eq!(drawn(&threads_in([1, 0], 90_000), Time::Step), first);
}

/// As the last thread of a process may tell of its end.
#[test]
fn the_end_of_a_process_makes_no_thread() {
    let mut s = threads();
    s.events.last_mut().expect("its end").tid = Some(7_000);
    assert_eq!(drawn(&s, Time::Step), drawn(&threads(), Time::Step));
}

#[test]
fn many_threads_share_a_lane() {
    let mut s = Stage::new("pool");
    let a = Who::first();
    for number in 1..=40 {
        s.begin(&a, &number.to_string(), 7_000 + number);
        s.tid = None;
    }
    s.exit(&a, 0);
    for time in [Time::Linear, Time::Step] {
        let text = drawn(&s, time);
        assert_eq!(heads(&text), ["A", "A/1..A/40"], "{text}");
    }
    let bars = svg(&s.story()).matches("class=\"run strand thin\"").count();
    assert_eq!(bars, 40);
}

#[test]
fn threads_that_find_no_room_are_counted() {
    let mut s = crowd(50, 2);
    let (end, a) = (s.events.pop(), Who::first());
    let workers = (1..50).map(|k| a.child(k));
    for (number, worker) in (0..).zip(workers) {
        s.begin(&worker, "1", 7_000 + number);
        s.end_thread(&worker);
    }
    s.events.extend(end);
    let text = drawn(&s, Time::Linear);
    assert!(text.contains("48 more threads have no lane here"), "{text}");
    assert!(html(&s.story()).contains("48 more threads have no lane"));
}

/// Level light has none, and an older observer told of none.
#[test]
fn a_thread_that_nobody_announced_is_drawn_from_its_first_deed() {
    let mut s = threads();
    s.events.retain(|event| {
        !matches!(event.what, trace::What::Thread { began: Some(_) })
    });
    let text = drawn(&s, Time::Linear);
    assert_eq!(heads(&text), ["A", "A/1", "A/2", "A/3"], "{text}");
}

#[test]
fn a_process_whose_first_thread_is_gone_lives_on() {
    let mut s = Stage::new("pool");
    let a = Who::first();
    s.begin(&a, "1", 7_000);
    s.tid = None;
    s.end_thread(&a);
    s.pass(10_000);
    s.tid = Some(7_000);
    s.end_thread(&a);
    s.exit(&a, 9);
    let text = drawn(&s, Time::Linear);
    assert!(text.contains("own threads"), "{text}");
    assert!(text.contains("exit 9"), "{text}");
}
