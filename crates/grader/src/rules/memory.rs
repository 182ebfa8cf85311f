//! Shared memory: who stored what where, as far as the plan let it be seen.

use std::collections::{BTreeMap, BTreeSet};

use trace::{Event, What, Who};

use super::{Case, Fault};
use crate::compared::compare;
use crate::expected::Expected;
use crate::selector::Processes;

/// One store to shared memory.
#[derive(Clone, Copy, Debug)]
struct Store<'a> {
    who: &'a Who,
    address: u64,
    before: Number,
    after: Number,
    is_atomic: bool,
    found: Option<Number>,
}

/// What stands in memory, read as a number with a sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Number(i64);

impl Number {
    fn of(value: u64, bytes: u8) -> Self {
        Self(match bytes {
            1 => i64::from(value as i8),
            2 => i64::from(value as i16),
            4 => i64::from(value as i32),
            _ => value as i64,
        })
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn store(event: &Event) -> Option<Store<'_>> {
    let What::Store { address, before, after, bytes, is_atomic, found } =
        &event.what
    else {
        return None;
    };
    Some(Store {
        who: &event.who,
        address: *address,
        before: Number::of(*before, *bytes),
        after: Number::of(*after, *bytes),
        is_atomic: *is_atomic,
        found: found.map(|it| Number::of(it, *bytes)),
    })
}

fn stores<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (usize, Store<'a>)> {
    case.history.events().filter_map(|(at, event)| Some((at, store(event)?)))
}

fn is_output_wrong(case: &Case<'_>) -> bool {
    let record = case.history.record;
    record.cut.is_none()
        && compare(case.stdout, &record.stdout, &case.history, true).is_some()
}

/// Whether the output or the end is another one than the task says.
pub(super) fn is_result_wrong(case: &Case<'_>) -> bool {
    is_output_wrong(case) || !super::results::wrong_exit(case).is_empty()
}

/// No two processes have memory in common.
pub(super) fn none_shared(case: &Case<'_>) -> Vec<Fault> {
    let Some(whose) = &case.parameters.no_shared_memory else {
        return Vec::new();
    };
    if case.is_failing || case.history.record.cut.is_some() {
        return Vec::new();
    }
    let is_shared = |(at, event): (usize, &Event)| {
        let is_named = match &event.what {
            What::Shm { call, errno: None, .. } => call == "shmget",
            What::Map { object, .. } => object != "anonymous",
            _ => return false,
        };
        // Without a name only those have it who are created behind it.
        let is_passed_on = || {
            case.history.events().skip(at).any(|(_, it)| {
                it.who == event.who && matches!(it.what, What::Create { .. })
            })
        };
        whose.by.hold(&event.who) && (is_named || is_passed_on())
    };
    if case.history.events().any(is_shared) {
        return Vec::new();
    }
    let maps = case.history.events().any(|(_, event)| {
        matches!(event.what, What::Map { .. }) && whose.by.hold(&event.who)
    });
    let says = match maps {
        true => {
            "shared memory without a name was mapped when the processes were \
             there: each has mapped memory of its own"
        }
        false => {
            "no memory is shared: nobody mapped any with MAP_SHARED. Each \
             process has a copy of everything from before its fork, and what \
             it changes there the others do not see"
        }
    };
    vec![Fault::of_run(says.to_owned()).costing(whose.mark)]
}

/// A number in the output was made by more than one change.
pub(super) fn changed_twice(case: &Case<'_>) -> Vec<Fault> {
    let Some(whose) = &case.parameters.changed_twice else {
        return Vec::new();
    };
    if !is_output_wrong(case) {
        return Vec::new();
    }
    let wanted = numbers(&expected_text(case.stdout));
    let said = String::from_utf8_lossy(&case.history.record.stdout);
    let wrong: BTreeSet<i64> =
        numbers(&said).difference(&wanted).copied().collect();
    let mut changes: BTreeMap<u64, Vec<Store<'_>>> = BTreeMap::new();
    let is_create = |event: &Event| matches!(event.what, What::Create { .. });
    let begun = case.history.events().find(|(_, event)| is_create(event));
    let begun = begun.map_or(0, |(at, _)| at);
    // What one alone has stored before is what all begin with.
    for (_, store) in stores(case).filter(|(at, _)| *at > begun) {
        if whose.by.hold(store.who) && store.before != store.after {
            changes.entry(store.address).or_default().push(store);
        }
    }
    let found = changes.values().find(|changes| {
        let last = changes.last().map(|it| it.after.0);
        changes.len() > 1 && last.is_some_and(|it| wrong.contains(&it))
    });
    let Some([first, .., last]) = found.map(Vec::as_slice) else {
        return Vec::new();
    };
    let title = |store: &Store<'_>| case.history.title(store.who);
    let says = format!(
        "the number that was {} was changed twice: {} made {} of it, and {} \
         made {} of that",
        first.before,
        title(first),
        first.after,
        title(last),
        last.after
    );
    vec![Fault::of(last.who, says).costing(whose.mark)]
}

fn expected_text(expected: &Expected) -> String {
    match expected {
        Expected::Exactly(content) => {
            String::from_utf8_lossy(&content.bytes()).into_owned()
        }
        lines => {
            lines.patterns().map(|it| it.text().to_owned() + "\n").collect()
        }
    }
}

fn numbers(text: &str) -> BTreeSet<i64> {
    text.split(|it: char| !it.is_ascii_digit() && it != '-')
        .filter_map(|it| it.parse().ok())
        .collect()
}

/// A process stored over what others had stored since it loaded.
pub(super) fn lost_update(case: &Case<'_>) -> Vec<Fault> {
    if case.is_failing || !is_output_wrong(case) {
        return Vec::new();
    }
    let lost = stores(case).find_map(|(_, store)| {
        let found = store.found?;
        let is_lost = !store.is_atomic && store.before != store.after;
        is_lost.then_some((store, found))
    });
    let Some((store, found)) = lost else {
        return refused_exchange(case).into_iter().collect();
    };
    let says = format!(
        "{} was about to store {after} where it had found {found}, and stood \
         still for a moment. Meanwhile others made {before} of the {found}. \
         Then it stored its {after} over their {before}, and their work was \
         lost",
        case.history.title(store.who),
        after = store.after,
        before = store.before,
    );
    vec![Fault::of(store.who, says)]
}

/// A compare-and-exchange found another number and stored nothing, and what
/// is printed is what became of that number: nobody tried again. Who prints
/// too early prints another number than the last.
fn refused_exchange(case: &Case<'_>) -> Option<Fault> {
    let wanted = numbers(&expected_text(case.stdout));
    let said = String::from_utf8_lossy(&case.history.record.stdout);
    let is_printed = |address: u64| {
        let last = stores(case).filter(|(_, it)| it.address == address).last();
        let number = last.map(|(_, it)| it.after.0);
        number.is_some_and(|it| {
            !wanted.contains(&it) && numbers(&said).contains(&it)
        })
    };
    let (_, store) = stores(case).find(|(_, it)| {
        let is_refused = it.is_atomic && it.before == it.after;
        is_refused && it.found.is_some() && is_printed(it.address)
    })?;
    let says = format!(
        "{} had loaded {found}, and stood still for a moment before its \
         compare-and-exchange. Meanwhile others made {now} of the {found}: the \
         exchange found another number than it was told to expect, stored \
         nothing, and said so by its result. Nobody tried again, and this \
         change is missing",
        case.history.title(store.who),
        found = store.found?,
        now = store.before,
    );
    Some(Fault::of(store.who, says))
}

/// A process has no part in the work.
pub(super) fn idle(case: &Case<'_>) -> Vec<Fault> {
    let Some(whose) = &case.parameters.idle_process else {
        return Vec::new();
    };
    let is_cut = case.history.record.cut.is_some();
    if !case.sees_stores || case.is_failing || is_cut {
        return Vec::new();
    }
    let busy: BTreeSet<&Who> = stores(case).map(|(_, it)| it.who).collect();
    // Who was not held may have done what was left for others.
    let is_held = |who: &&Who| is_held_at_first_store(case, who);
    if !busy.iter().filter(|it| whose.by.hold(it)).all(is_held) {
        return Vec::new();
    }
    let all = case.history.lives.keys().filter(|it| whose.by.hold(it));
    let idle: Vec<&Who> = all.filter(|it| !busy.contains(it)).collect();
    let Some(first) = idle.first() else { return Vec::new() };
    let at_work: Vec<String> = busy
        .iter()
        .filter(|it| whose.by.hold(it))
        .map(|it| it.to_string())
        .collect();
    let others = match at_work.is_empty() {
        true => "none of the others did, either".to_owned(),
        false => format!("the work was done by {}", at_work.join(", ")),
    };
    let says = format!(
        "{} changed nothing in the shared memory: {others}",
        case.history.title(first)
    );
    vec![Fault::of(first, says).costing(whose.mark)]
}

fn is_held_at_first_store(case: &Case<'_>, who: &Who) -> bool {
    let act = format!("hold {who} at store 1");
    case.history.events().any(|(_, event)| match &event.what {
        What::Block { on, .. } => {
            on.kind == "plan" && on.object.as_ref() == Some(&act)
        }
        _ => false,
    })
}

/// One process stands still, and the others have to wait for it.
pub(super) fn one_at_a_time(case: &Case<'_>) -> Vec<Fault> {
    let Some(whose) = &case.parameters.one_at_a_time else {
        return Vec::new();
    };
    if !case.sees_stores || case.history.record.cut.is_some() {
        return Vec::new();
    }
    let events: Vec<(usize, &Event)> = case.history.events().collect();
    let fault = |(at, event): &(usize, &Event)| {
        let What::Block { on, from_us, .. } = &event.what else { return None };
        let act = on.object.as_deref().filter(|_| on.kind == "plan")?;
        let is_held = act.starts_with("hold ") && act.contains(" at store ");
        if !is_held || !whose.by.hold(&event.who) {
            return None;
        }
        let (_, held) = stores(case)
            .find(|(place, it)| place > at && *it.who == event.who)?;
        // Memory by which they agree is no work.
        let is_common = stores(case).any(|(_, it)| {
            it.address == held.address
                && it.who != held.who
                && whose.by.hold(it.who)
        });
        if is_common {
            return None;
        }
        let late = hindered(case, &whose.by, *at, &event.who)?;
        let says = format!(
            "{} stood still for a moment, before it stored {} where {} had \
             stood, and {} could not finish its own part before{}",
            case.history.title(&event.who),
            held.after,
            held.before,
            case.history.title(late),
            waited_in(case, late, *from_us, event.t_us),
        );
        Some(Fault::of(late, says).costing(whose.mark))
    };
    events.iter().find_map(fault).into_iter().collect()
}

/// One of the others that had not ended at that moment, and that the plan
/// did not keep from it.
fn hindered<'a>(
    case: &'a Case<'_>,
    by: &Processes,
    at: usize,
    held: &Who,
) -> Option<&'a Who> {
    let mut lives = case.history.lives.iter();
    let late = lives.find(|(who, life)| {
        let has_ended = life.end.as_ref().is_some_and(|(end, _)| *end < at);
        *who != held && by.hold(who) && !has_ended && !is_held(case, who)
    });
    late.map(|(who, _)| who)
}

fn is_held(case: &Case<'_>, who: &Who) -> bool {
    case.history.events().any(|(_, event)| match &event.what {
        What::Block { on, .. } if event.who == *who && on.kind == "plan" => {
            on.object.as_ref().is_some_and(|it| it.starts_with("hold "))
        }
        _ => false,
    })
}

/// In which call it waited then, if it was there and did.
fn waited_in(case: &Case<'_>, who: &Who, from: u64, until: u64) -> String {
    let call = case.history.events().find_map(|(_, event)| {
        let What::Block { call, on, from_us } = &event.what else {
            return None;
        };
        let is_then = *from_us <= until && event.t_us >= from;
        (event.who == *who && on.kind != "plan" && is_then).then_some(call)
    });
    call.map_or_else(String::new, |call| format!(": it waited in {call}"))
}

#[cfg(test)]
mod tests {
    use super::{Number, numbers};
    use std::collections::BTreeSet;

    #[test]
    fn what_stands_in_memory_is_read_as_wide_as_it_was_stored() {
        for (value, bytes, number) in [
            (0xff, 1, -1),
            (0xff, 2, 255),
            (0xffff_ffff, 4, -1),
            (0xffff_ffff, 8, 0xffff_ffff),
        ] {
            assert_eq!(Number::of(value, bytes), Number(number));
        }
    }

    #[test]
    fn the_numbers_of_an_output_are_found() {
        let found = numbers("Shared numbers: [1, -16, 81]\n81");
        assert_eq!(found, BTreeSet::from([1, -16, 81]));
    }
}
