//! Where the kernel refuses, no answer claims more than could be read. The
//! refusals are simulated; `scripts/check-why refused` meets real ones.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread::{Builder, scope};

use support::{Expected, Running, Tree, table};
use why::{Answer, Basis, Question, Refusal, Verdict, explain};

mod support;

const REFUSALS: [Refusal; 4] = [
    Refusal { syscall: true, memory: false, descriptors: false },
    Refusal { syscall: false, memory: true, descriptors: false },
    Refusal { syscall: false, memory: false, descriptors: true },
    Refusal { syscall: true, memory: true, descriptors: true },
];

#[test]
fn a_healthy_program_is_never_stuck() {
    judge(
        |expected| !expected.is_stuck(),
        |asked| {
            let answer = &asked.answer;
            let is_stuck = answer.processes.iter().any(|process| process.stuck);
            let is_claimed = is_stuck
                || answer.verdict == Verdict::Stuck
                || !answer.causes.is_empty();
            is_claimed.then(|| "is called stuck".to_owned())
        },
    );
}

#[test]
fn of_a_program_that_hangs_nothing_is_said_that_could_not_be_read() {
    judge(Expected::is_stuck, |asked| {
        claimed_wrongly(asked).or_else(|| told_unread(asked))
    });
}

/// A cause that is named is the cause, and who is called stuck is stuck.
fn claimed_wrongly(asked: &Asked<'_>) -> Option<String> {
    let Asked { answer, expected, refusal } = asked;
    let mut causes: BTreeSet<String> =
        answer.causes.iter().map(ToString::to_string).collect();
    if refusal.memory {
        // Without its word it is a futex whose owner nobody knows; that it is
        // private is told by the call.
        causes.remove("private-futex");
    }
    if !causes.is_subset(&expected.causes) {
        return Some(format!("has the causes {causes:?}"));
    }
    let stuck = answer.processes.iter().filter(|process| process.stuck);
    let stuck: BTreeSet<String> =
        stuck.map(|process| process.who.to_string()).collect();
    let others: Vec<_> = stuck.difference(&expected.stuck).collect();
    (!others.is_empty()).then(|| format!("proves {others:?} stuck"))
}

fn told_unread(asked: &Asked<'_>) -> Option<String> {
    let Asked { answer, refusal, .. } = asked;
    let said = answer.says.join(" ");
    let has_call = answer.processes.iter().any(|it| it.call.is_some());
    let has_descriptor = answer.processes.iter().any(|process| {
        let wait = process.waits_for.as_ref();
        wait.is_some_and(|it| it.holders.iter().any(|by| by.fd.is_some()))
    });
    let basis = match refusal.syscall {
        true => Basis::Wchan,
        false => Basis::Syscall,
    };
    let complaint = if answer.basis != basis {
        "has the wrong basis"
    } else if refusal.syscall && has_call {
        "names a call"
    } else if refusal.syscall && !said.contains("does not tell") {
        "does not say what was refused"
    } else if refusal.descriptors && said.contains("close(") {
        "names a descriptor"
    } else if refusal.descriptors && has_descriptor {
        "tells by which descriptor an object is held"
    } else {
        return None;
    };
    Some(complaint.to_owned())
}

/// What was answered, and to what.
struct Asked<'a> {
    answer: Answer,
    expected: &'a Expected,
    refusal: Refusal,
}

fn judge(
    is_meant: impl Fn(&Expected) -> bool,
    complaint: impl Fn(&Asked<'_>) -> Option<String> + Sync,
) {
    let all: Vec<Expected> = table()
        .into_iter()
        .filter(|it| it.family != "crowds" && is_meant(it))
        .collect();
    let left = Mutex::new(all);
    let found = Mutex::new(Vec::new());
    let work = || {
        // Not in the condition: the list would stay locked.
        let next = || left.lock().expect("no panic").pop();
        while let Some(expected) = next() {
            for complaint in complaints(&expected, &complaint) {
                found.lock().expect("no panic").push(complaint);
            }
        }
    };
    scope(|scope| {
        for _ in 0..6 {
            Builder::new().spawn_scoped(scope, work).expect("a thread");
        }
    });
    let found = found.into_inner().expect("no panic");
    let count = found.len();
    assert!(count == 0, "{count} complaints:\n{}", found.join("\n"));
}

fn complaints(
    expected: &Expected,
    complaint: impl Fn(&Asked<'_>) -> Option<String>,
) -> Vec<String> {
    let running = Running::at_rest(expected);
    let mut found = Vec::new();
    for refusal in REFUSALS {
        let closed = may_be_closed(expected);
        let tree = why::Tree { closed, ..why::Tree::new(running.first) };
        let question = Question { refusal, ..Question::new(tree) };
        let answer = explain(&question).expect("it is there");
        let asked = Asked { answer, expected, refusal };
        if let Some(complaint) = complaint(&asked) {
            let answer = &asked.answer;
            let name = &expected.name;
            found.push(format!("{name} {complaint}\n    {answer:?}"));
        }
    }
    found
}

/// A closed tree proves more, so it is the harder question; but a program
/// that somebody outside serves is not closed.
fn may_be_closed(expected: &Expected) -> bool {
    expected.is_stuck() || !matches!(expected.tree, Tree::Either)
}
