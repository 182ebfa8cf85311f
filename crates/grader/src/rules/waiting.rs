//! Waiting for ever, and waiting the wrong way.

use std::collections::BTreeMap;

use trace::{What, Who};
use why::Cause;

use super::channels::last_transfer;
use super::{Case, Fault};
use crate::hang::tell;
use crate::plain::{clean, quoted};
use crate::record::Cut;

/// So often may one ask in vain.
const ASKS: usize = 20;

macro_rules! hangs {
    ($($rule:ident $cause:ident)*) => {
        $(pub(super) fn $rule(case: &Case<'_>) -> Vec<Fault> {
            stuck(case, Cause::$cause)
        })*
    };
}

hangs! {
    lock_cycle LockCycle
    self_lock SelfLock
    lock_holder_dead LockHolderDead
    waits_for_stopped WaitsForStopped
    signal_never_comes SignalNeverComes
    no_peer NoPeer
    queue_empty QueueEmpty
    queue_full QueueFull
    private_futex PrivateFutex
    wait_cycle WaitCycle
}

/// An end of file is awaited that cannot come.
pub(super) fn write_end_open(case: &Case<'_>) -> Vec<Fault> {
    match awaits_own_end(case) {
        true => stuck(case, Cause::PipeCycle),
        false => stuck(case, Cause::WriteEndOpen),
    }
}

/// A ring of pipes.
pub(super) fn pipe_cycle(case: &Case<'_>) -> Vec<Fault> {
    match awaits_own_end(case) {
        true => Vec::new(),
        false => stuck(case, Cause::PipeCycle),
    }
}

/// Whether somebody in a ring of pipes has received what was sent, has not
/// answered, and reads on: it waits for the end, and could write to that pipe
/// itself. One look at the processes cannot tell this from a ring in which
/// each waits for the other's first word.
fn awaits_own_end(case: &Case<'_>) -> bool {
    let Some(Cut::Stuck(answer)) = &case.history.record.cut else {
        return false;
    };
    let is_it = |process: &why::Process| {
        let Some(wait) = &process.waits_for else { return false };
        let has_write_end = wait.holders.iter().any(|it| it.pid == process.pid);
        let mut lives = case.history.lives.iter();
        let who = lives.find(|(_, life)| life.pid == process.pid);
        process.stuck
            && wait.kind == "pipe-data"
            && has_write_end
            && who.is_some_and(|(who, _)| {
                let last = last_transfer(case, who);
                last.is_some_and(|it| {
                    !it.is_write && wait.object.as_deref() == Some(it.object)
                })
            })
    };
    answer.causes.contains(&Cause::PipeCycle)
        && answer.processes.iter().any(is_it)
}

fn stuck(case: &Case<'_>, cause: Cause) -> Vec<Fault> {
    let Some(Cut::Stuck(answer)) = &case.history.record.cut else {
        return Vec::new();
    };
    if !answer.causes.contains(&cause) {
        return Vec::new();
    }
    let told = tell(answer, &case.history);
    vec![Fault { who: told.who, ..Fault::of_run(told.says) }]
}

/// A process computes while it waits (G4).
pub(super) fn spins(case: &Case<'_>) -> Vec<Fault> {
    found_in_hold(case, "spinning", "computed without a call")
}

/// A process asks again and again (G4).
pub(super) fn polls(case: &Case<'_>) -> Vec<Fault> {
    let counted = asks_in_vain(case);
    if !counted.is_empty() {
        return counted;
    }
    found_in_hold(case, "polling", "asked again and again")
}

fn found_in_hold(case: &Case<'_>, kind: &str, did: &str) -> Vec<Fault> {
    let found = case.history.events().find_map(|(_, event)| {
        let What::Block { call, on, .. } = &event.what else { return None };
        (on.kind == kind).then_some((event, call))
    });
    let Some((event, call)) = found else { return Vec::new() };
    let call = match call.as_str() {
        "" => String::new(),
        call => format!(" ({})", clean(call)),
    };
    let says = format!(
        "{} {did}{call} while all others stood still",
        case.history.title(&event.who)
    );
    vec![Fault::of(&event.who, says)]
}

/// How often in a row each process got the same "not yet".
fn asks_in_vain(case: &Case<'_>) -> Vec<Fault> {
    let mut counts: BTreeMap<&Who, (String, usize)> = BTreeMap::new();
    for (_, event) in case.history.events() {
        let Some(answer) = Answer::of(&event.what) else { continue };
        let (asked, count) = counts.entry(&event.who).or_default();
        let Answer::NotYet(question) = answer else {
            *count = 0;
            continue;
        };
        if question == "sleep" && *count > 0 && asked != "sleep" {
            continue; // a pause between two questions
        }
        if *asked == question {
            *count += 1;
        } else {
            (*asked, *count) = (question, 1);
        }
        if *count >= ASKS {
            let title = case.history.title(&event.who);
            let says = match asked.as_str() {
                "sleep" => format!(
                    "{title} slept {ASKS} times in a row, and nothing woke it: \
                     it looked for something again and again"
                ),
                asked => format!(
                    "{title} asked {ASKS} times in a row, and each time the \
                     answer was \"not yet\": {}",
                    quoted(asked.as_bytes(), 120)
                ),
            };
            return vec![Fault::of(&event.who, says)];
        }
    }
    Vec::new()
}

enum Answer {
    NotYet(String),
    /// Something happened.
    Yes,
}

impl Answer {
    /// `None` for what says neither.
    fn of(what: &What) -> Option<Self> {
        let again = |errno: &Option<String>| {
            matches!(
                errno.as_deref(),
                Some("EAGAIN" | "EBUSY" | "ETIMEDOUT" | "EWOULDBLOCK")
            )
        };
        let not_yet = |question: &str| Some(Self::NotYet(question.to_owned()));
        match what {
            What::Wait { call, child: None, errno: None, .. } => {
                not_yet(&format!("{call} with WNOHANG"))
            }
            What::Io { call, errno, .. } if again(errno) => {
                not_yet(&format!("{call}: EAGAIN"))
            }
            What::Mq { call, errno, .. } if again(errno) => {
                not_yet(&format!("{call}: EAGAIN"))
            }
            What::Lock { kind, errno, .. } if again(errno) => {
                not_yet(&format!("{kind}: EAGAIN"))
            }
            What::Open { path, errno: Some(errno), .. }
                if errno == "ENOENT" || errno == "EEXIST" =>
            {
                not_yet(&format!("open of {path}: {errno}"))
            }
            What::Open { path, errno: None, .. }
                if path.starts_with("/proc/") =>
            {
                not_yet(&format!("open of {path}"))
            }
            What::Block { on, .. } if on.kind == "sleep" => not_yet("sleep"),
            What::Block { .. } | What::Close { .. } | What::Cpu { .. } => None,
            _ => Some(Self::Yes),
        }
    }
}

/// Found by comparing a perturbed run with the undisturbed one: see `judge`.
pub(super) fn ordered_by_sleep(_: &Case<'_>) -> Vec<Fault> {
    Vec::new()
}

/// Who sleeps in a run, if anybody does.
pub(crate) fn sleeper(record: &crate::record::Record) -> Option<Who> {
    let is_sleep = |what: &What| match what {
        What::Block { call, on, .. } => {
            on.kind == "sleep"
                || on.kind == "plan" && call.contains("nanosleep")
        }
        _ => false,
    };
    let event = record.events.iter().find(|event| is_sleep(&event.what))?;
    Some(event.who.clone())
}
