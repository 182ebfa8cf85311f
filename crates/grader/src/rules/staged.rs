//! Runs that are made up: what the rules say of them.

use std::path::{Path, PathBuf};

use trace::{Ending, Event, Level, WaitsFor, What, Who};

use super::{Case, rule};
use crate::history::History;
use crate::questions::Questions;
use crate::record::{Cut, Record};
use crate::selector::Streams;

/// What a rule says of the events, each `WHO create CHILD`, `WHO exit CODE`,
/// `WHO read OBJECT RESULT` and `WHO write OBJECT RESULT`, where the result is
/// a number of bytes or the name of an error, `WHO flock OPERATION`, `WHO cpu
/// USER/SYSTEM` in microseconds, or `WHO held FROM` and `WHO slept FROM`: a
/// plan held it, or it slept, since that event.
fn told(id: &str, question: &str, events: &[&str]) -> Vec<String> {
    told_of(id, question, record(events))
}

fn told_of(id: &str, question: &str, record: Record) -> Vec<String> {
    let text = format!(
        "title = 'T'\nlevel = 1\nminutes = 1\n\
         points = {{ works = 6, robust = 4 }}\n[[run]]\nname = 'x'\n{question}"
    );
    let questions: Questions = toml::from_str(&text).unwrap();
    let question = &questions.run[0];
    let case = Case {
        questions: &questions,
        question,
        parameters: question.rules.or(&questions.rules),
        history: History::new(&record),
        stdout: &question.stdout,
        exit: &question.exit,
        is_failing: false,
        sees_stores: false,
        after: None,
        program: Path::new("solution"),
    };
    let faults = rule(id).unwrap().judge(&case).into_iter();
    faults.map(|it| it.says).collect()
}

fn event(seq: usize, text: &str) -> Event {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [who, did, rest @ ..] = &words[..] else { panic!("{text}") };
    let who: Who = who.parse().unwrap();
    let what = match (*did, rest) {
        ("create", [child]) => What::Create {
            call: "fork".to_owned(),
            child: Some(child.parse().unwrap()),
            child_pid: None,
            errno: None,
        },
        ("exit", [code]) => {
            What::Exit { how: Ending::Code { code: code.parse().unwrap() } }
        }
        ("read" | "write", [object, result]) => What::Io {
            call: (*did).to_owned(),
            is_write: *did == "write",
            fd: 3,
            object: (*object).to_owned(),
            bytes: result.parse().unwrap_or(0),
            errno: result.starts_with('E').then(|| (*result).to_owned()),
            from_us: 0,
        },
        (did, [word]) => lock_or_hold(did, word),
        _ => panic!("{text}"),
    };
    Event {
        seq: seq as u64,
        t_us: seq as u64,
        who,
        pid: 1,
        pid_seen: None,
        start: 0,
        tid: None,
        name: "solution".to_owned(),
        what,
    }
}

fn lock_or_hold(did: &str, word: &str) -> What {
    match did {
        "flock" => What::Lock {
            kind: "flock".to_owned(),
            operation: word.to_owned(),
            fd: 3,
            object: "/folder/journal".to_owned(),
            errno: None,
        },
        "held" => block("write", "plan", Some("hold A.1 at write 2"), word),
        "slept" => block("clock_nanosleep", "sleep", None, word),
        "cpu" => {
            let (user, system) = word.split_once('/').unwrap();
            What::Cpu {
                user_us: user.parse().unwrap(),
                system_us: system.parse().unwrap(),
                voluntary: 0,
                involuntary: 0,
                collected: false,
            }
        }
        _ => panic!("{did} {word}"),
    }
}

fn block(call: &str, kind: &str, object: Option<&str>, from: &str) -> What {
    let on = WaitsFor {
        kind: kind.to_owned(),
        object: object.map(str::to_owned),
        fd: None,
        child: None,
    };
    let from_us = from.parse().unwrap();
    What::Block { call: call.to_owned(), on, from_us }
}

/// A run that is over, of events as [`told`] has them.
pub(crate) fn record(events: &[&str]) -> Record {
    let events = events.iter().enumerate();
    let events = events.map(|(seq, text)| event(seq, text)).collect();
    let name = |it: &str| it.to_owned();
    Record {
        level: Level::Full,
        events,
        stdout: Vec::new(),
        stderr: Vec::new(),
        panicking: None,
        cut: None,
        limits: crate::questions::Limits::default(),
        is_starved: false,
        streams: Streams {
            stdin: name("in"),
            stdout: name("out"),
            stderr: name("err"),
        },
        id: String::new(),
        folder: PathBuf::new(),
        programs: PathBuf::new(),
        helpers: Vec::new(),
        missed: None,
        left: Vec::new(),
        files: Vec::new(),
        excess: None,
    }
}

const END: &str = "rules = { end-not-met = { by = 'A.1' } }";

#[test]
fn who_stops_before_the_end_of_file_is_told_how_far_it_came() {
    for (reads, says) in [
        (&[][..], "it read nothing"),
        (&["A.1 read p 5"], "it read once, and got bytes"),
        (&["A.1 read p 5", "A.1 read p 2"], "each of its 2 reads got bytes"),
    ] {
        let mut events = vec!["A create A.1", "A write p 7", "A read p 0"];
        events.extend(reads);
        events.extend(["A.1 exit 0", "A exit 0"]);
        let told = told("end-not-met", END, &events);
        let expected = format!("A.1 never met the end of file: {says}");
        assert_eq!(told, [expected]);
    }
}

#[test]
fn the_end_of_file_is_a_read_of_nothing_and_no_error() {
    let with = |read, code| {
        let events =
            ["A create A.1", "A write p 5", "A.1 read p 5", read, code];
        told("end-not-met", END, &events).len()
    };
    assert_eq!(with("A.1 read p 0", "A exit 0"), 0);
    assert_eq!(with("A.1 read p EIO", "A exit 0"), 1);
    assert_eq!(with("A read p 0", "A exit 0"), 1);
}

#[test]
fn who_gives_up_with_an_error_is_told_by_what_came_of_it() {
    let with = |child, parent| {
        let events = ["A create A.1", "A.1 read p 5", child, parent];
        told("end-not-met", END, &events).len()
    };
    assert_eq!(with("A.1 exit 1", "A exit 1"), 0);
    // Nothing came of it: the program passes that off as success.
    assert_eq!(with("A.1 exit 1", "A exit 0"), 1);
    assert_eq!(with("A.1 exit 0", "A exit 1"), 1);
}

const LOST: &str = "rules = { never-received = { by = '*' } }";

#[test]
fn bytes_that_nobody_takes_are_told_with_their_sender() {
    for (events, says) in [
        (
            &["A write p 5", "A.1 read p 3"][..],
            "A sent, and 2 bytes were never received: A.1 had looked there, \
             and did not again",
        ),
        (
            &["A write p 5"],
            "A sent, and 5 bytes were never received: nobody was there to \
             receive it",
        ),
        (
            &["A write p 5", "A.1 read p 5", "A write p EPIPE"],
            "A sent, and its write failed with EPIPE: A.1 had looked there, \
             and did not again",
        ),
    ] {
        let events: Vec<&str> =
            ["A create A.1"].iter().chain(events).copied().collect();
        assert_eq!(told("never-received", LOST, &events), [says]);
    }
}

#[test]
fn what_is_received_in_pieces_or_printed_is_not_lost() {
    let events = [
        "A create A.1",
        "A write p 5",
        "A.1 read p 2",
        "A.1 read p 3",
        "A.1 write out 9",
        "A.1 read p EAGAIN",
    ];
    assert_eq!(told("never-received", LOST, &events), [""; 0]);
    let of_another = "rules = { never-received = { by = 'A.1' } }";
    let events = ["A create A.1", "A write p 5"];
    assert_eq!(told("never-received", of_another, &events), [""; 0]);
}

#[test]
fn who_reads_its_own_bytes_is_told_before_the_hang_that_follows() {
    let rules = "rules = { reads-own-bytes = { by = '*' } }";
    let events = ["A create A.1", "A write p 1", "A read p 1"];
    assert_eq!(
        told("reads-own-bytes", rules, &events),
        ["A read from p what it had written there itself: nobody else had \
          written to it"]
    );
    let place =
        |id| super::RULES.iter().position(|rule| rule.id == id).unwrap();
    assert!(place("reads-own-bytes") < place("write-end-open"));
    let events = ["A create A.1", "A.1 write p 1", "A write p 1", "A read p 1"];
    assert_eq!(told("reads-own-bytes", rules, &events), [""; 0]);
}

/// Each of two takes the lock that both share; A.1 is held behind its own.
#[test]
fn a_lock_is_shared_whether_the_other_got_it_before_the_hold_or_in_it() {
    let with = |events: &[&str]| {
        let all = ["A create A.1", "A create A.2"];
        let all: Vec<&str> = all.iter().chain(events).copied().collect();
        told("lock-shared", "stdout = 'x'", &all).len()
    };
    let (mine, its) = ("A.1 flock exclusive", "A.2 flock exclusive");
    assert_eq!(with(&[mine, "A.1 write out 1", its, "A.1 held 3"]), 1);
    assert_eq!(with(&[mine, its, "A.1 write out 1", "A.1 held 4"]), 1);
    let freed = "A.2 flock unlock";
    assert_eq!(with(&[its, freed, mine, "A.1 write out 1", "A.1 held 5"]), 0);
    assert_eq!(with(&[mine, "A.1 flock unlock", its, "A.1 held 4"]), 0);
}

#[test]
fn a_run_is_told_how_long_it_ran_itself_and_not_what_others_may() {
    let mut record = record(&["A create A.1"]);
    record.cut = Some(Cut::Wall);
    record.limits.wall_ms = 40_000;
    assert_eq!(
        told_of("time-limit", "", record),
        ["it ran for 40000 ms and was ended; last heard of A after fork"]
    );
}
