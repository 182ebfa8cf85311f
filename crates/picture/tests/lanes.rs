//! What the lanes look like.

use std::time::Instant;

use picture::{LaneStyle, Time, lanes};
use stage::{Stage, crowd, eight, hostile, threads, three, two};
use trace::{What, Who};

mod stage;

const TIMES: [Time; 2] = [Time::Linear, Time::Step];

fn drawn(stage: &Stage, width: usize, time: Time) -> String {
    let style = LaneStyle { width, time, ..LaneStyle::default() };
    lanes(&stage.story(), &style)
}

fn all() -> [Stage; 6] {
    [two(), three(), eight(), hostile(), crowd(50, 10), threads()]
}

/// For eyes: `cargo test -p picture --test lanes -- --ignored --nocapture`.
#[test]
#[ignore = "prints pictures to look at"]
fn every_picture_is_printed() {
    for stage in all() {
        for (width, time) in
            [20, 40, 80].iter().flat_map(|w| TIMES.map(|t| (*w, t)))
        {
            eprintln!("{}", drawn(&stage, width, time));
        }
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for stage in all() {
        for width in [20, 40, 60, 80, 200] {
            for time in TIMES {
                let text = drawn(&stage, width, time);
                for line in text.lines() {
                    let columns = unicode_width::UnicodeWidthStr::width(line);
                    assert!(columns <= width, "{columns} > {width}:\n{text}");
                }
            }
        }
    }
}

#[test]
fn a_terminal_of_no_width_gets_a_picture() {
    for stage in all() {
        for width in 0..30 {
            for time in TIMES {
                assert!(drawn(&stage, width, time).contains('A'));
            }
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for stage in all() {
        for time in TIMES {
            let style =
                LaneStyle { width: 80, time, ascii: true, colour: false };
            let text = lanes(&stage.story(), &style);
            assert!(text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn colour_changes_no_character() {
    let escape = |text: &str| {
        let mut parts = text.split('\x1b');
        let mut out = parts.next().unwrap().to_owned();
        for part in parts {
            out.push_str(part.split_once('m').unwrap().1);
        }
        out
    };
    for stage in all() {
        for time in TIMES {
            let plain = drawn(&stage, 80, time);
            let style =
                LaneStyle { width: 80, time, ascii: false, colour: true };
            let coloured = lanes(&stage.story(), &style);
            assert!(coloured.contains("\x1b["));
            assert_eq!(escape(&coloured), plain);
            assert!(!plain.contains('\x1b'));
        }
    }
}

#[test]
fn step_time_shows_no_pid() {
    let first = two().story();
    let mut other = two();
    for event in &mut other.events {
        event.pid += 1_000;
        event.t_us = event.t_us * 3 + 7;
    }
    let style = LaneStyle { time: Time::Step, ..LaneStyle::default() };
    assert_eq!(lanes(&first, &style), lanes(&other.story(), &style));
}

#[test]
fn a_stranger_cannot_write_control_characters() {
    for time in TIMES {
        let text = drawn(&hostile(), 120, time);
        let bad = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None, "{text:?}");
        assert!(!text.contains('\u{202e}'));
    }
}

#[test]
fn fifty_processes_and_ten_thousand_events_stay_readable() {
    let stage = crowd(50, 200);
    assert!(stage.events.len() >= 10_000, "{}", stage.events.len());
    for time in TIMES {
        let began = Instant::now();
        let text = drawn(&stage, 80, time);
        let took = began.elapsed();
        assert!(took.as_secs() < 60, "{took:?}");
        assert!(text.lines().count() < 60, "{text}");
        assert!(text.len() < 20_000, "{} bytes", text.len());
        assert!(text.contains("A.1..A.49 x48"), "{text}");
        assert!(text.contains("SIGSEGV"), "the odd one is missing:\n{text}");
    }
}

#[test]
fn an_empty_trace_is_no_panic() {
    let stage = Stage::new("x");
    for time in TIMES {
        drawn(&stage, 80, time);
    }
}

#[test]
fn events_that_make_no_sense_are_no_panic() {
    let stage = eight();
    let a = Who::first();
    for seed in 0..50 {
        let mut broken = stage.clone();
        let count = broken.events.len();
        for number in 0..count {
            broken.events.swap(number, (number * 7 + seed * 13) % count);
        }
        broken.events.truncate(count - seed % (count - 2));
        broken.events[0].who = a.child(3).child(9);
        broken.events[1].t_us = u64::MAX;
        for time in TIMES {
            drawn(&broken, 80, time);
        }
    }
}

/// Five hundred in a row: more steps than there is room for.
#[test]
fn what_is_not_drawn_takes_its_effects_with_it() {
    let mut stage = Stage::new("chain");
    let mut who = Who::first();
    for number in 0..500 {
        let next = stage.create(&who, &format!("link-{number}"));
        stage.exec(&next, &format!("/bin/link-{number}"));
        who = next;
    }
    let text = drawn(&stage, 80, Time::Step);
    assert!(text.contains("more steps are not drawn"), "{text}");
    for line in text.lines().filter(|line| line.contains("exec ")) {
        let before = line.split("exec ").next().unwrap();
        assert!(before.contains('└'), "{line}:\n{text}");
    }
}

/// The observer tells of a write that is larger than its pipe as the bytes
/// go; a reader of the picture asks what the program wrote.
#[test]
fn a_write_in_parts_is_one_write() {
    let mut s = Stage::new("writer");
    let a = Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let reader = s.create(&a, "reader");
    for _ in 0..9 {
        s.write(&a, 4, &pipe, 1_000);
        s.read(&reader, 3, &pipe, 1_000);
    }
    s.exit(&reader, 0);
    s.exit(&a, 0);
    for event in &mut s.events {
        if let What::Io { is_write: true, from_us, .. } = &mut event.what {
            *from_us = 150;
        }
    }
    let text = drawn(&s, 80, Time::Linear);
    let writer = text.lines().next().expect("a lane");
    assert_eq!(writer.matches('w').count(), 1 + "writer".matches('w').count());
    assert!(text.contains("pipe P1: A → A.1 9000 B"), "{text}");
    let page = picture::html(&s.story());
    assert_eq!(page.matches("write P1 9000 B at").count(), 1);
    assert!(!page.contains("write P1 1000 B"));
    let text = drawn(&s, 80, Time::Step);
    assert!(text.contains("write P1 9000 B"), "{text}");
}

#[test]
fn bytes_through_a_fifo_are_messages_between_lanes() {
    let mut s = Stage::new("sh");
    let a = Who::first();
    let reader = s.create(&a, "cat");
    let fifo = s.open_fifo(&a, 3, "queue", "w");
    s.open_fifo(&reader, 3, "queue", "r");
    s.write(&a, 3, &fifo, 6);
    s.close(&a, 3, &fifo);
    s.read(&reader, 3, &fifo, 6);
    s.read(&reader, 3, &fifo, 0);
    s.exit(&reader, 0);
    s.wait(&a, &reader);
    s.exit(&a, 0);
    let text = drawn(&s, 100, Time::Step);
    let place = |says: &str| {
        let line = text.lines().find(|line| line.contains(says));
        line.unwrap_or_else(|| panic!("{says}:\n{text}")).find(says)
    };
    assert!(place("write F1 6 B") < place("read F1 6 B"), "{text}");
    assert!(place("write F1 6 B") < place("close F1.w"), "{text}");
    let says = "FIFO F1 (queue): A → A.1 6 B";
    for time in TIMES {
        let text = drawn(&s, 100, time);
        assert!(text.contains(says), "{text}");
    }
}

/// The second writer comes when the first reader has read to the end.
#[test]
fn a_fifo_that_is_opened_again_is_the_same() {
    let mut s = Stage::new("sh");
    let a = Who::first();
    for name in ["one", "two"] {
        let reader = s.create(&a, name);
        let fifo = s.open_fifo(&a, 3, "queue", "w");
        s.open_fifo(&reader, 3, "queue", "r");
        s.write(&a, 3, &fifo, 6);
        s.close(&a, 3, &fifo);
        s.read(&reader, 3, &fifo, 6);
        s.read(&reader, 3, &fifo, 0);
        s.close(&reader, 3, &fifo);
        s.exit(&reader, 0);
        s.wait(&a, &reader);
    }
    s.exit(&a, 0);
    let text = drawn(&s, 200, Time::Step);
    assert!(text.contains("FIFO F1 (queue): A → A.1,A.2"), "{text}");
    assert!(!text.contains("F2"), "{text}");
    let line = text.lines().find(|it| it.contains("A sh")).expect("a lane");
    let first = line.find("wait A.1").expect("it waits");
    assert!(first < line.find("wait A.2").expect("twice"), "{text}");
}

/// The writer writes on when the reader has enough, and is slow to begin.
#[test]
fn bytes_are_not_read_left_of_where_they_are_written() {
    let mut s = Stage::new("sh");
    let a = Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let writer = s.create(&a, "sh");
    let readers = [s.create(&a, "sh"), s.create(&a, "sh")];
    s.close(&a, 3, &pipe);
    s.close(&a, 4, &pipe);
    s.exec(&writer, "/usr/bin/a-program-with-a-long-name");
    for reader in &readers {
        s.close(reader, 4, &pipe);
    }
    s.write(&writer, 4, &pipe, 5);
    s.write(&writer, 4, &pipe, 5);
    for reader in &readers {
        s.read(reader, 3, &pipe, 5);
        s.exit(reader, 0);
    }
    s.io(&writer, 4, &pipe, true, 0, Some("EPIPE"));
    s.exit(&writer, 1);
    for child in [&writer, &readers[0], &readers[1]] {
        s.wait(&a, child);
    }
    s.exit(&a, 0);
    let text = drawn(&s, 200, Time::Step);
    let place = |lane: &str, says: &str| {
        let line = text.lines().find(|line| line.contains(lane));
        let found = line.and_then(|line| {
            let before = line.split(says).next().filter(|it| *it != line)?;
            Some(before.chars().count())
        });
        found.unwrap_or_else(|| panic!("{lane} {says}:\n{text}"))
    };
    let written = place("A.1 a-prog", "write P1");
    assert!(place("A.2 sh", "read P1") >= written, "{text}");
    assert!(place("A.3 sh", "read P1") >= written, "{text}");
}
