//! The files: HTML, SVG, Mermaid, Chrome trace JSON.

use std::time::Instant;

use picture::{chrome, html, mermaid, svg};
use serde_json::Value;
use stage::{Stage, crowd, eight, hostile, threads, three, two};

mod stage;

fn all() -> [Stage; 7] {
    let empty = Stage::new("x");
    [two(), three(), eight(), hostile(), crowd(50, 200), threads(), empty]
}

/// Fails on markup that does not nest, on a bare `&` and on attributes
/// without quotes.
fn nests(markup: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        for entity in text.split('&').skip(1) {
            let name = entity.split_once(';').map_or("", |parts| parts.0);
            let known = ["amp", "lt", "gt", "quot", "#39"].contains(&name);
            assert!(known, "&{entity}");
        }
        let end = tag.find('>').expect("a tag ends");
        let (inside, behind) = (&tag[1..end], &tag[end + 1..]);
        rest = behind;
        assert_eq!(inside.matches('"').count() % 2, 0, "<{inside}>");
        let name = inside.split([' ', '\n']).next().unwrap_or_default();
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !inside.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn an_image_is_well_formed() {
    for stage in all() {
        let image = svg(&stage.story());
        nests(&image);
        assert!(image.starts_with("<svg xmlns="));
        assert!(!image.contains("NaN") && !image.contains("inf"));
    }
}

#[test]
fn a_page_needs_nothing_else() {
    for stage in all() {
        let page = html(&stage.story());
        let foreign = page.replace("http://www.w3.org/2000/svg", "");
        for word in ["http:", "https:", "src=", "<link", "@import", "fetch("] {
            assert!(!foreign.contains(word), "{word}");
        }
    }
    let script = include_str!("../src/page.js");
    assert!(script.len() < 15_000, "{} bytes", script.len());
    assert!(!script.contains("innerHTML"));
}

#[test]
fn a_page_says_all_without_scripts() {
    let page = html(&two().story());
    let (page, _) = page.split_once("<script").unwrap();
    for text in [
        "<svg",
        "P1 read end",
        "P1 write end",
        "A.1 (receiver)",
        "close P1.w",
        "exit 0",
        "A.1 (receiver) waits to read P1,",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn a_stranger_cannot_leave_the_page() {
    let story = hostile().story();
    let page = html(&story);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    for text in [page, svg(&story)] {
        assert!(!text.contains("<b>"));
        assert!(!text.contains('\u{202e}'));
        let bad = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None);
    }
}

#[test]
fn the_data_of_a_page_is_json() {
    for stage in all() {
        let data = data_of(&stage);
        assert!(data["events"].is_array() && data["holdings"].is_array());
    }
}

/// The data that the script of a page moves over.
fn data_of(stage: &Stage) -> Value {
    let page = html(&stage.story());
    let (_, data) = page.split_once("id=\"story\">").expect("data");
    let (data, _) = data.split_once("</script>").expect("an end");
    serde_json::from_str(data).expect("JSON")
}

#[test]
fn the_cursor_begins_where_most_ends_are_held() {
    let data = data_of(&two());
    let start = data["start"].as_u64().unwrap() as usize;
    let seq = data["events"][start][0].as_u64().unwrap();
    let held = data["holdings"].as_array().unwrap().iter().filter(|held| {
        let is_over = held[4].as_u64().is_some_and(|until| until <= seq);
        held[3].as_u64().unwrap() <= seq && !is_over
    });
    assert_eq!(held.count(), 4);
}

#[test]
fn the_cursor_begins_at_a_hang() {
    let mut s = Stage::new("a");
    let a = trace::Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let began = s.now();
    s.pass(10_000);
    s.blocked(&a, "pipe-data", Some(&pipe), None, began);
    s.killed(&a, "SIGKILL");
    let data = data_of(&s);
    assert_eq!(data["spans"][0][3], "stuck");
    let start = data["start"].as_u64().unwrap() as usize;
    assert_eq!(data["events"][start][4], "is stuck: read P1");
    assert!(svg(&s.story()).contains("class=\"stuck\""));
}

#[test]
fn a_crowd_on_one_lane_is_drawn_whole() {
    let image = svg(&crowd(50, 3).story());
    let bars = image.matches("<rect class=\"run").count();
    // One more is the key's.
    assert_eq!(bars, 50 + 1);
    // The odd one has a lane of its own.
    assert_eq!(image.matches("<g class=\"lane\"").count(), 3);
    assert!(image.contains("A.1..A.49 x48 worker"));
}

#[test]
fn a_drawing_says_what_its_marks_mean() {
    let image = svg(&two().story());
    for words in ["runs", "zombie: ended", "creates", "writes", "shorter"] {
        assert!(image.contains(words), "{words}");
    }
    assert!(!image.contains("stopped by a signal"));
}

#[test]
fn a_table_tells_who_holds_which_end() {
    let stage = two();
    let story = stage.story();
    let closed = |who: &str, fd: i32| {
        stage.events.iter().position(|event| {
            event.who.to_string() == who
                && matches!(event.what, trace::What::Close { fd: closed, .. }
                    if closed == fd)
        })
    };
    let receiver = trace::Who::first().child(1);
    let at = closed("A.1", 4).unwrap() as u64;
    let before = story.descriptors(&receiver, at - 1);
    assert_eq!(before[&3], "P1 read end");
    assert_eq!(before[&4], "P1 write end");
    let after = story.descriptors(&receiver, at);
    assert_eq!(after.keys().collect::<Vec<_>>(), [&3]);
    let last = stage.events.len() as u64;
    assert!(story.descriptors(&receiver, last).is_empty());
}

#[test]
fn files_of_a_crowd_are_bounded() {
    let stage = crowd(50, 200);
    let began = Instant::now();
    let story = stage.story();
    let read = began.elapsed();
    let sizes = [
        ("html", html(&story).len(), 4_000_000),
        ("svg", svg(&story).len(), 1_500_000),
        ("mermaid", mermaid(&story).len(), 50_000),
        ("chrome", chrome(&story).len(), 20_000_000),
    ];
    let took = began.elapsed();
    eprintln!("{sizes:?}, read in {read:?}, all in {took:?}");
    for (name, size, limit) in sizes {
        assert!(size < limit, "{name}: {size} bytes");
    }
    // Far above what a loaded machine needs; a square of the events is not.
    assert!(took.as_secs() < 60, "{took:?}");
}

#[test]
fn a_diagram_keeps_the_limits_of_mermaid() {
    for stage in all() {
        let text = mermaid(&stage.story());
        assert!(text.len() < 50_000);
        let edges = text.lines().filter(|line| line.contains(">>")).count();
        assert!(edges < 500, "{edges}");
        let mut lines = text.lines().peekable();
        assert_eq!(lines.next(), Some("sequenceDiagram"));
        while let Some(line) = lines.next() {
            let line = line.trim();
            // Mermaid refuses a create or destroy without its message.
            let words: Vec<&str> = line.split(' ').collect();
            if let ["create", "participant", id, ..] | ["destroy", id] =
                words[..]
            {
                let next = lines.peek().expect("a message");
                assert!(next.contains(id), "{line}\n{next}");
            }
        }
    }
}

#[test]
fn a_diagram_of_two_is_this() {
    assert_eq!(
        mermaid(&two().story()),
        "\
sequenceDiagram
    participant p0 as A sender
    create participant p1 as A.1 receiver
    p0->>p1: creates
    Note over p0: close P1.r
    Note over p0: write P1 17 B
    Note over p0: close P1.w
    Note over p1: close P1.w
    Note over p1: read P1 17 B
    Note over p1: exit 0
    destroy p1
    p1-->>p0: exit 0, collected
    Note over p0: exit 0
"
    );
}

#[test]
fn an_arrow_ends_while_its_reader_lives() {
    let mut s = Stage::new("writer");
    let a = trace::Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let reader = s.create(&a, "reader");
    s.write(&a, 4, &pipe, 5);
    s.read(&reader, 3, &pipe, 5);
    s.exit(&reader, 0);
    // The write returned last of all.
    let end = s.now();
    for event in &mut s.events {
        if matches!(event.what, trace::What::Io { is_write: true, .. }) {
            event.t_us = end + 500;
        }
    }
    let trace: Value = serde_json::from_str(&chrome(&s.story())).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let arrow = |ph: &str| {
        let is_it = |event: &&Value| {
            event["ph"] == ph && event["name"] == "5 B through P1"
        };
        events.iter().find(is_it).unwrap()["ts"].as_u64().unwrap()
    };
    assert!(arrow("s") <= arrow("f") && arrow("f") < end);
}
