//! Every program that hangs gets its cause, and every healthy twin is left in
//! peace. What is expected stands beside each program, in `src/bin/hang`.

use std::collections::BTreeSet;

use nix::unistd::geteuid;
use serde_json::Value;
use support::{Asked, Expected, Running, Tree, ask, table};

mod support;

/// From the moment nothing moves to the answer, on a CPU that is free.
const SECOND: f64 = 1.0;

#[test]
fn write_ends_that_are_open() {
    judge("write_end");
}

#[test]
fn rings_of_pipes() {
    judge("pipe_cycle");
}

#[test]
fn rings_of_locks() {
    judge("locks");
}

#[test]
fn locks_that_the_waiter_holds() {
    judge("self_lock");
}

#[test]
fn holders_that_are_dead() {
    judge("dead_holder");
}

#[test]
fn processes_that_are_stopped() {
    judge("stopped");
}

#[test]
fn signals_that_never_come() {
    judge("signals");
}

#[test]
fn peers_that_are_not_there() {
    judge("no_peer");
}

#[test]
fn queues_that_nobody_serves() {
    judge("queues");
}

#[test]
fn futexes_that_nobody_wakes() {
    judge("futexes");
}

#[test]
fn rings_of_different_waits() {
    judge("wait_cycle");
}

#[test]
fn sets_of_which_nothing_comes() {
    judge("wait_sets");
}

#[test]
fn twins_that_go_on() {
    judge("healthy");
}

#[test]
fn twins_that_wait_with_an_end() {
    judge("healthy_waits");
}

#[test]
fn twins_whose_waker_is_hard_to_see() {
    judge("healthy_hidden");
}

#[test]
fn twins_whose_locks_guard_numbers() {
    judge("healthy_guards");
}

#[test]
fn twins_that_share_their_memory() {
    judge("healthy_memory");
}

#[test]
fn twins_that_somebody_else_moves() {
    judge("healthy_others");
}

#[test]
fn twins_that_somebody_outside_can_move() {
    judge("healthy_strangers");
}

#[test]
fn twins_that_somebody_restless_can_move() {
    judge("healthy_restless");
}

#[test]
fn twins_that_the_kernel_tells_of_others() {
    judge("healthy_notices");
}

/// `scripts/check-why` runs the crowds.
#[test]
fn every_family_has_its_test_and_every_cause_its_program() {
    let code = include_str!("hangs.rs");
    let mut causes = BTreeSet::new();
    let mut hanging = 0;
    for expected in table() {
        let test = format!("    judge(\"{}\");", expected.family);
        assert!(
            expected.family == "crowds" || code.contains(&test),
            "{test} is missing"
        );
        hanging += usize::from(expected.is_stuck());
        causes.extend(expected.causes);
    }
    let all = "lock-cycle lock-holder-dead no-peer pipe-cycle private-futex \
               queue-empty queue-full self-lock signal-never-comes \
               wait-cycle waits-for-stopped write-end-open";
    assert_eq!(Vec::from_iter(causes).join(" "), all);
    assert!(hanging >= 24, "{hanging} programs hang");
}

/// The example of the contract, with the numbers of its descriptors.
#[test]
fn the_holder_is_named_with_its_descriptor() {
    for (name, waiter, through, holder, by) in [
        ("eof-self", "A.1", 3, "A.1", 4),
        ("eof-parent", "A.1", 3, "A", 4),
        ("eof-farm", "A.1", 3, "A.2", 4),
        ("eof-exec", "A.1.1", 0, "A.1", 4),
    ] {
        let running = Running::new(name);
        running.await_rest();
        let asked = ask(running.first, &[]);
        let process = asked.process(waiter);
        let wait = &process["waits_for"];
        assert_eq!(process["call"], "read", "{name}: {asked}");
        assert_eq!(wait["kind"], "pipe-data", "{name}: {asked}");
        assert_eq!(wait["fd"], through, "{name}: {asked}");
        let object = wait["object"].as_str().unwrap_or_default();
        assert!(object.starts_with("pipe:["), "{name}: {asked}");
        let holders = wait["holders"].as_array().expect("a list");
        let is_named = |held: &Value| held["who"] == holder && held["fd"] == by;
        assert!(holders.iter().any(is_named), "{name}: {asked}");
    }
}

fn judge(family: &str) {
    let all = table().into_iter().filter(|it| it.family == family);
    let mut complaints = Vec::new();
    let mut programs = 0;
    for expected in all {
        programs += 1;
        let running = Running::at_rest(&expected);
        for complaint in complaints_about(&running, &expected) {
            complaints.push(format!("{}: {complaint}", expected.name));
        }
    }
    assert!(programs > 0, "{family} has programs");
    let count = complaints.len();
    assert!(count == 0, "{count} complaints:\n{}", complaints.join("\n"));
}

fn complaints_about(running: &Running, expected: &Expected) -> Vec<String> {
    let [open, closed] = running.ask_twice();
    let tree = match expected.tree {
        Tree::Mapped if geteuid().is_root() => Tree::Open,
        tree => tree,
    };
    let mut found = match (expected.is_stuck(), tree) {
        (true, Tree::Open) => {
            let mut found = stuck(&open, expected);
            found.extend(stuck(&closed, expected));
            found
        }
        (true, Tree::Closed) => {
            let mut found = stuck(&closed, expected);
            found.extend(waits_for_strangers(&open));
            found
        }
        (true, Tree::Mapped | Tree::Either) => stuck(&closed, expected),
        (false, Tree::Either) => moving(&open),
        (false, _) => {
            let mut found = moving(&open);
            found.extend(moving(&closed));
            found
        }
    };
    let said = [open.says(), closed.says()].concat();
    if said.iter().any(|sentence| sentence.contains(char::is_control)) {
        found.push(format!("a sentence is not plain: {said:?}"));
    }
    let seconds = open.seconds.min(closed.seconds);
    if expected.is_stuck() && seconds > SECOND {
        found.push(format!("the answer took {seconds:.2} s"));
    }
    found
}

/// The right verdict, causes, processes and sentences; and a ring that is
/// one.
fn stuck(asked: &Asked, expected: &Expected) -> Vec<String> {
    let mut found = Vec::new();
    let mut claim = |holds: bool, text: String| {
        if !holds {
            found.push(format!("{text}\n    {asked}"));
        }
    };
    let verdict = asked.text("verdict");
    claim(verdict == "stuck", format!("the verdict is '{verdict}'"));
    claim(asked.code == Some(1), format!("the exit is {:?}", asked.code));
    let causes = asked.causes();
    claim(causes == expected.causes, format!("the causes are {causes:?}"));
    let stuck = asked.stuck();
    claim(stuck == expected.stuck, format!("stuck are {stuck:?}"));
    for phrase in &expected.says {
        let unwanted = phrase.strip_prefix("not: ");
        let meant = unwanted.unwrap_or(phrase);
        let is_said = asked.says().iter().any(|it| it.contains(meant));
        let holds = is_said == unwanted.is_none();
        claim(holds, format!("'{phrase}' does not hold of what it says"));
    }
    for who in &expected.stuck {
        let is_told = asked.says().iter().any(|it| names(it, who));
        claim(is_told, format!("no sentence is about {who}"));
    }
    let sentences = asked.says().len();
    let enough = expected.stuck.len() + expected.causes.len();
    claim(sentences >= enough, format!("there are {sentences} sentences"));
    let cycle = asked.cycle();
    let is_ring = cycle.len() >= 2
        && cycle.first() == cycle.last()
        && cycle.iter().all(|who| expected.stuck.contains(who));
    let has_ring = expected.causes.iter().any(|it| it.ends_with("-cycle"));
    claim(
        is_ring || (cycle.is_empty() && !has_ring),
        format!("the ring is {cycle:?}"),
    );
    found
}

/// Whether a sentence is about this process and not about its child.
fn names(sentence: &str, who: &str) -> bool {
    sentence.match_indices(who).any(|(place, _)| {
        let before = sentence[..place].chars().next_back();
        let mut after = sentence[place + who.len()..].chars();
        let is_longer = match after.next() {
            Some('.') => after.next().is_some_and(|it| it.is_ascii_digit()),
            Some(next) => next.is_alphanumeric(),
            None => false,
        };
        !is_longer && !before.is_some_and(char::is_alphanumeric)
    })
}

fn waits_for_strangers(asked: &Asked) -> Vec<String> {
    let mut found = moving(asked);
    let words = "waits for somebody outside";
    if !asked.says().iter().any(|sentence| sentence.contains(words)) {
        found.push(format!("no sentence says '{words}'\n    {asked}"));
    }
    found
}

fn moving(asked: &Asked) -> Vec<String> {
    let verdict = asked.text("verdict");
    let mut found = Vec::new();
    if verdict != "moving" {
        found.push(format!("the verdict is '{verdict}'\n    {asked}"));
    }
    let is_claimed = !asked.stuck().is_empty() || asked.has_stuck_thread();
    if !asked.causes().is_empty() || is_claimed {
        found.push(format!("it proves somebody stuck\n    {asked}"));
    }
    if asked.code != Some(0) {
        found.push(format!("the exit is {:?}\n    {asked}", asked.code));
    }
    found
}
