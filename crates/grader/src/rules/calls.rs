//! Calls that a task asks for, forbids, or puts in order.

use trace::{Event, What};

use super::{Case, Fault};
use crate::compared::compare;
use crate::plain::quoted;
use crate::selector::Events;

fn find<'a>(
    case: &'a Case<'_>,
    events: &'a Events,
) -> impl Iterator<Item = (usize, &'a Event)> {
    let streams = &case.history.record.streams;
    case.history.events().filter(|(_, it)| events.hold(it, streams))
}

/// What must not happen happened.
pub(super) fn forbidden(case: &Case<'_>) -> Vec<Fault> {
    let Some(calls) = &case.parameters.forbidden_call else {
        return Vec::new();
    };
    let found = calls.events.iter().find_map(|events| {
        find(case, events).next().map(|(_, event)| (events, event))
    });
    let Some((events, event)) = found else { return Vec::new() };
    let says = format!(
        "{} did what the task rules out: {}",
        case.history.title(&event.who),
        events.text()
    );
    vec![Fault::of(&event.who, says).costing(calls.mark)]
}

/// What has to happen never did.
pub(super) fn missing(case: &Case<'_>) -> Vec<Fault> {
    let Some(calls) = &case.parameters.missing_call else {
        return Vec::new();
    };
    if case.is_failing || case.history.record.cut.is_some() {
        return Vec::new();
    }
    let missing =
        calls.events.iter().find(|it| find(case, it).next().is_none());
    let Some(events) = missing else { return Vec::new() };
    let says = format!("this never happened: {}", events.text());
    vec![Fault::of_run(says).costing(calls.mark)]
}

/// Lines or events come in the wrong order.
pub(super) fn out_of_order(case: &Case<'_>) -> Vec<Fault> {
    let faults = events_out_of_order(case);
    if !faults.is_empty() || case.is_failing {
        return faults;
    }
    let record = case.history.record;
    if record.cut.is_some() {
        return Vec::new();
    }
    let differs = compare(case.stdout, &record.stdout, &case.history, true);
    match differs {
        Some(it) if it.is_order => vec![Fault::of_run(format!(
            "the right lines came in the wrong order: {}",
            it.says
        ))],
        _ => Vec::new(),
    }
}

fn events_out_of_order(case: &Case<'_>) -> Vec<Fault> {
    let Some(orders) = &case.parameters.out_of_order else {
        return Vec::new();
    };
    let fault = |order: &crate::parameters::Before| {
        let (place, event) = find(case, &order.then).next()?;
        let first = match order.all {
            true => find(case, &order.first).last(),
            false => find(case, &order.first).next(),
        };
        // A failure may keep the first from happening.
        if first.map_or(case.is_failing, |(first, _)| first < place) {
            return None;
        }
        let first = match order.first.who().is_everybody() {
            true => "anybody",
            false => order.first.who().text(),
        };
        let says = format!(
            "{} did `{}` before {first} did {}`{}`",
            case.history.title(&event.who),
            order.then.deed(),
            if order.all { "the last " } else { "" },
            order.first.deed(),
        );
        Some(Fault::of(&event.who, says).costing(orders.mark))
    };
    orders.events.iter().find_map(fault).into_iter().collect()
}

/// A file was opened more often than the task allows.
pub(super) fn opened_too_often(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = &case.parameters.opened_too_often else {
        return Vec::new();
    };
    let is_it = |event: &Event| match &event.what {
        What::Open { path, errno: None, .. } => {
            *path == limit.path || path.ends_with(&format!("/{}", limit.path))
        }
        _ => false,
    };
    let opens: Vec<&Event> = case
        .history
        .events()
        .map(|(_, event)| event)
        .filter(|event| is_it(event))
        .collect();
    if opens.len() <= limit.at_most {
        return Vec::new();
    }
    let says = format!(
        "the file {} was opened {} times, and the task allows {}: each open \
         has an offset of its own",
        quoted(limit.path.as_bytes(), 40),
        opens.len(),
        limit.at_most
    );
    let last = opens[opens.len() - 1];
    vec![Fault::of(&last.who, says).costing(limit.mark)]
}

/// A signal goes to a pid that may belong to somebody else by now.
pub(super) fn signal_after_wait(case: &Case<'_>) -> Vec<Fault> {
    let lives = &case.history.lives;
    let found = case.history.events().find_map(|(place, event)| {
        let What::Signal { signal, to_pid: Some(pid), arrived, .. } =
            &event.what
        else {
            return None;
        };
        let is_gone = |pid: i32| {
            let mut of_pid = lives.iter().filter(|(_, it)| it.pid == pid);
            of_pid.find(|(_, life)| {
                life.collected.is_some_and(|collected| collected < place)
            })
        };
        let (gone, _) = (!arrived).then(|| is_gone(*pid)).flatten()?;
        Some((event, signal, gone))
    });
    let Some((event, signal, gone)) = found else { return Vec::new() };
    let says = format!(
        "{} sent {signal} to the pid of {gone}, which it had waited for \
         before: the pid was free by then",
        case.history.title(&event.who)
    );
    vec![Fault::of(&event.who, says)]
}
