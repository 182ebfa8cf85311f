//! The rules of the trace event format, as its public description and the
//! importer of Perfetto have them.

use std::collections::{BTreeMap, BTreeSet};

use picture::chrome;
use serde_json::Value;
use stage::{Stage, crowd, eight, hostile, threads, three, two};

mod stage;

type Track = (u64, u64);

fn all() -> [Stage; 7] {
    let empty = Stage::new("x");
    [two(), three(), eight(), hostile(), crowd(50, 20), threads(), empty]
}

fn events(stage: &Stage) -> Vec<Value> {
    let trace: Value =
        serde_json::from_str(&chrome(&stage.story())).expect("JSON");
    let unit = trace["displayTimeUnit"].as_str().expect("a unit");
    assert!(["ms", "ns"].contains(&unit));
    trace["traceEvents"].as_array().expect("events").clone()
}

fn number(event: &Value, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("{key} of {event}"))
}

fn track(event: &Value) -> Track {
    (number(event, "pid"), number(event, "tid"))
}

fn of_phase<'a>(
    events: &'a [Value],
    phase: &'a str,
) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["ph"] == phase)
}

#[test]
fn every_event_has_what_its_phase_demands() {
    for stage in all() {
        for event in events(&stage) {
            let (pid, tid) = track(&event);
            // 0 is the idle task of a CPU.
            assert!(pid > 0 && tid > 0, "{event}");
            assert!(event["name"].is_string(), "{event}");
            let phase = event["ph"].as_str().unwrap();
            if phase != "M" {
                number(&event, "ts");
                assert!(event["cat"].is_string(), "{event}");
            }
            match phase {
                "X" => drop(number(&event, "dur")),
                "i" => assert_eq!(event["s"], "t", "{event}"),
                "s" => drop(number(&event, "id")),
                "f" => {
                    number(&event, "id");
                    assert_eq!(event["bp"], "e", "{event}");
                }
                "M" => assert!(event["args"].is_object(), "{event}"),
                _ => panic!("unknown phase: {event}"),
            }
        }
    }
}

#[test]
fn every_track_is_named_before_it_is_used() {
    for stage in all() {
        let events = events(&stage);
        let mut named: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for event in &events {
            let (pid, tid) = track(event);
            if event["ph"] != "M" {
                assert!(named["process_name"].contains(&pid), "{event}");
                assert!(named["thread_name"].contains(&tid), "{event}");
                continue;
            }
            let name = event["name"].as_str().unwrap();
            let (of, key) = match name {
                "process_name" => (pid, "name"),
                "thread_name" => (tid, "name"),
                "process_sort_index" => (pid, "sort_index"),
                "thread_sort_index" => (tid, "sort_index"),
                _ => panic!("unknown: {event}"),
            };
            let value = &event["args"][key];
            assert!(value.is_u64() || value.is_string(), "{event}");
            assert!(
                named.entry(name).or_default().insert(of),
                "twice: {event}"
            );
        }
    }
}

/// A viewer names a process after the thread whose number it has.
#[test]
fn a_thread_belongs_to_one_process_which_has_a_main_thread() {
    for stage in all() {
        let mut process_of = BTreeMap::new();
        for (pid, tid) in events(&stage).iter().map(track) {
            assert_eq!(*process_of.entry(tid).or_insert(pid), pid);
        }
        for pid in process_of.values() {
            assert_eq!(process_of[pid], *pid);
        }
    }
}

#[test]
fn timestamps_never_step_back_on_a_track() {
    for stage in all() {
        let mut last: BTreeMap<Track, u64> = BTreeMap::new();
        for event in events(&stage).iter().filter(|it| it["ph"] != "M") {
            let (ts, last) =
                (number(event, "ts"), last.entry(track(event)).or_default());
            assert!(*last <= ts, "{event}");
            *last = ts;
        }
    }
}

#[test]
fn slices_of_a_track_nest_in_the_order_of_the_file() {
    for stage in all() {
        let mut open: BTreeMap<Track, Vec<u64>> = BTreeMap::new();
        for slice in of_phase(&events(&stage), "X") {
            let from = number(slice, "ts");
            let until = from + number(slice, "dur");
            let stack = open.entry(track(slice)).or_default();
            stack.retain(|&outer| outer > from);
            let is_inside = stack.iter().all(|&outer| until <= outer);
            assert!(is_inside, "{slice} ends behind {stack:?}");
            stack.push(until);
        }
    }
}

#[test]
fn an_arrow_has_two_ends_that_stick_to_slices() {
    for stage in all() {
        let events = events(&stage);
        let mut slices: BTreeMap<Track, Vec<(u64, u64)>> = BTreeMap::new();
        for slice in of_phase(&events, "X") {
            let from = number(slice, "ts");
            let until = from + number(slice, "dur");
            slices.entry(track(slice)).or_default().push((from, until));
        }
        let mut arrows: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
        for end in of_phase(&events, "s").chain(of_phase(&events, "f")) {
            arrows.entry(number(end, "id")).or_default().push(end);
            let ts = number(end, "ts");
            let holds = |&(from, until): &(u64, u64)| {
                from <= ts && (ts < until || from == until)
            };
            assert!(slices[&track(end)].iter().any(holds), "{end}");
        }
        for (id, ends) in arrows {
            let [start, end] = ends[..] else { panic!("{id}: {ends:?}") };
            assert_eq!((&start["ph"], &end["ph"]), (&"s".into(), &"f".into()));
            assert!(number(start, "ts") <= number(end, "ts"), "{start} {end}");
            for key in ["name", "cat"] {
                assert_eq!(start[key], end[key], "{start} {end}");
            }
        }
    }
}

#[test]
fn a_thread_has_a_track_with_its_name() {
    let events = events(&threads());
    let named: Vec<&Value> = of_phase(&events, "M")
        .filter(|event| event["name"] == "thread_name")
        .map(|event| &event["args"]["name"])
        .collect();
    assert_eq!(named, ["A", "A/1", "A/1.1", "A/2"]);
    let is_write = |it: &&Value| it["name"] == "write P1 8 B";
    let write = events.iter().find(is_write).unwrap();
    assert_ne!(write["tid"], write["pid"]);
}
