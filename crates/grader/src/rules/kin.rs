//! Parents and children.

use trace::{Ending, Event, Reached, What, Who};

use super::{Case, Fault};
use crate::compared::compare;
use crate::plain::counted;
use crate::record::Cut;
use crate::selector::{Processes, ending};

/// A child runs what its parent still has to do (G7).
pub(super) fn falls_through(case: &Case<'_>) -> Vec<Fault> {
    let faults = creates(case);
    if !faults.is_empty() {
        return faults;
    }
    if let Some(difference) =
        compare(case.stdout, &case.history.record.stdout, &case.history, true)
        && let Some((who, line)) = difference.stray
        && who.depth() > 0
    {
        let title = case.history.title(&who);
        let says = format!(
            "{title}, a child, printed `{line}`: that line is another's"
        );
        return vec![Fault::of(&who, says)];
    }
    waits_in_vain(case)
}

/// Somebody creates who must not.
fn creates(case: &Case<'_>) -> Vec<Fault> {
    let Some(allowed) = &case.parameters.child_falls_through else {
        return Vec::new();
    };
    let stray = case.history.events().find_map(|(_, event)| {
        let What::Create { call, child: Some(child), .. } = &event.what else {
            return None;
        };
        let may = allowed.creators.iter().any(|it| it.hold(&event.who));
        (!may).then(|| (event.who.clone(), call, child))
    });
    let Some((who, call, child)) = stray else { return Vec::new() };
    let title = case.history.title(&who);
    let says =
        format!("{title}, a child, called {call} itself and made {child}");
    vec![Fault::of(&who, says)]
}

/// A forked child waits for children that only its parent has.
fn waits_in_vain(case: &Case<'_>) -> Vec<Fault> {
    let has_children = |who: &Who| {
        case.history.lives.keys().any(|it| it.parent().as_ref() == Some(who))
    };
    let in_vain = |event: &Event| {
        let What::Wait { errno: Some(errno), .. } = &event.what else {
            return false;
        };
        let life = &case.history.lives[&event.who];
        let is_forked = event.who.depth() > 0 && life.execs.is_empty();
        is_forked && errno == "ECHILD" && !has_children(&event.who)
    };
    let found = case.history.events().find(|(_, event)| in_vain(event));
    let Some((_, event)) = found else { return Vec::new() };
    let title = case.history.title(&event.who);
    let says = format!(
        "{title}, a child without children, called wait: the code behind the \
         fork is its parent's"
    );
    vec![Fault::of(&event.who, says)]
}

/// A process ended and never collected its child (G1).
pub(super) fn not_waited(case: &Case<'_>) -> Vec<Fault> {
    let history = &case.history;
    let fault = |who: &Who| {
        let life = &history.lives[who];
        let parent = who.parent()?;
        let parent_end = history.ended_by_itself(&parent)?;
        let (at, how) = life.end.as_ref()?;
        let is_left = is_left(case, who);
        let ended_first = *at < parent_end;
        if life.collected.is_some() || is_left || life.is_unwanted {
            return None;
        }
        let (me, parent_title) = (history.title(who), history.title(&parent));
        let how = match how {
            Ending::Code { code } => format!("exit code {code}"),
            how => ending(how),
        };
        let says = if ended_first {
            format!(
                "{me}, child of {parent_title}, ended ({how}) and was never \
                 waited for: it stayed a zombie until {parent} ended"
            )
        } else {
            format!(
                "{parent_title} ended without waiting for its child {me}, \
                 which was still running"
            )
        };
        Some(Fault::of(who, says))
    };
    history
        .lives
        .keys()
        .filter(|it| it.depth() > 0)
        .find_map(fault)
        .into_iter()
        .collect()
}

/// Whether the grader had to end this process after the first was gone.
fn is_left(case: &Case<'_>, who: &Who) -> bool {
    let record = case.history.record;
    let first = &case.history.lives.get(&Who::first());
    let first_end = first.and_then(|it| it.end.as_ref()).map(|it| it.0);
    let (Some(Cut::Left), Some(first_end)) = (&record.cut, first_end) else {
        return false;
    };
    match &case.history.lives[who].end {
        None => true,
        Some((at, how)) => {
            let is_killed =
                matches!(how, Ending::Signal { signal } if signal == "SIGKILL");
            *at > first_end && is_killed
        }
    }
}

/// Somebody still was there when the first process had ended (G2).
pub(super) fn left_behind(case: &Case<'_>) -> Vec<Fault> {
    let left: Vec<&Who> =
        case.history.lives.keys().filter(|who| is_left(case, who)).collect();
    let Some(first) = left.first() else { return Vec::new() };
    let me = case.history.title(first);
    let more = match left.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let events = case.history.record.events.iter();
    let last = events.rev().find(|it| it.who == **first && is_doing(it));
    let doing = match last.map(|it| &it.what) {
        Some(What::Block { call, .. }) => format!(", in {call}"),
        Some(What::Stop { .. }) => ", stopped".to_owned(),
        Some(What::Exec { path, .. }) => {
            format!(", running {}", crate::plain::quoted(path.as_bytes(), 40))
        }
        _ => String::new(),
    };
    let says = format!(
        "{me} was still there when A had ended{doing}{more}; the grader ended \
         it"
    );
    vec![Fault::of(first, says)]
}

fn is_doing(event: &Event) -> bool {
    matches!(
        event.what,
        What::Block { .. } | What::Stop { .. } | What::Exec { ok: true, .. }
    )
}

fn created(case: &Case<'_>, by: Option<&Processes>) -> usize {
    let is_one = |event: &Event| {
        matches!(event.what, What::Create { child: Some(_), .. })
            && by.is_none_or(|by| by.hold(&event.who))
    };
    case.history.events().filter(|(_, event)| is_one(event)).count()
}

/// More processes than the task allows.
pub(super) fn too_many(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = &case.parameters.too_many_processes else {
        return Vec::new();
    };
    let count = created(case, limit.by.as_ref());
    if count <= limit.at_most {
        return Vec::new();
    }
    let first = case.history.lives.iter().find(|(who, _)| who.depth() > 0);
    let named = first.map_or_else(String::new, |(who, life)| {
        let name = crate::plain::clean(&life.name);
        format!(", {who} ({name}) among them")
    });
    let says = format!(
        "{} created{named}; the task allows {}",
        counted(count, "process was", "processes were"),
        limit.at_most
    );
    vec![Fault::of_run(says).costing(limit.mark)]
}

/// Fewer processes than the task asks for.
pub(super) fn too_few(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = &case.parameters.too_few_processes else {
        return Vec::new();
    };
    let count = created(case, limit.by.as_ref());
    if count >= limit.at_least || !case.is_complete() {
        return Vec::new();
    }
    let says = format!(
        "{} created; the task asks for {}",
        counted(count, "process was", "processes were"),
        limit.at_least
    );
    vec![Fault::of_run(says).costing(limit.mark)]
}

/// Children that should exist at one time come one after the other.
pub(super) fn not_concurrent(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = &case.parameters.not_concurrent else {
        return Vec::new();
    };
    let is_parent = |who: &Who| match &limit.by {
        Some(by) => by.hold(who),
        None => *who == Who::first(),
    };
    let (mut now, mut most) = (0_usize, 0);
    for (_, event) in case.history.events() {
        if !is_parent(&event.who) {
            continue;
        }
        match &event.what {
            What::Create { child: Some(_), .. } => now += 1,
            What::Wait {
                reached: Some(Reached::Ended(_)),
                kept_zombie: false,
                ..
            } => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    if most >= limit.at_least || case.is_failing {
        return Vec::new();
    }
    let says = format!(
        "never more than {} existed at one time; the task asks for {}: a \
         child was waited for before the next was created",
        counted(most, "child", "children"),
        limit.at_least
    );
    vec![Fault::of_run(says).costing(limit.mark)]
}
