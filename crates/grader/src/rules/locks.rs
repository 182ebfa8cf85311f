//! File locks that keep nobody out.

use trace::{Event, What, Who};

use super::memory::is_result_wrong;
use super::results::wrong_file;
use super::{Case, Fault};
use crate::plain::quoted;

/// A lock that another process got while its holder stood still inside.
struct Broken<'a> {
    holder: &'a Who,
    other: &'a Who,
    kind: &'a str,
    object: &'a str,
    /// The descriptor by whose close the holder lost it.
    closed: Option<i32>,
}

/// Processes hold one lock at the same time, because it belongs to an open
/// file that they share.
pub(super) fn shared(case: &Case<'_>) -> Vec<Fault> {
    let Some(broken) = broken(case).filter(|it| it.kind != "fcntl") else {
        return Vec::new();
    };
    let Broken { holder, other, kind, object, .. } = broken;
    let says = format!(
        "{} had the {kind} lock on {}, and {} got it as well: both use one \
         open file, which came to them from the process that created them, \
         and such a lock belongs to the open file",
        case.history.title(holder),
        name_of(object),
        case.history.title(other),
    );
    vec![Fault::of(other, says)]
}

/// A record lock was lost by a close.
pub(super) fn dropped(case: &Case<'_>) -> Vec<Fault> {
    let broken = broken(case).filter(|it| it.kind == "fcntl");
    let Some(Broken { holder, other, object, closed: Some(fd), .. }) = broken
    else {
        return Vec::new();
    };
    let (holder_title, name) = (case.history.title(holder), name_of(object));
    let says = format!(
        "{holder_title} had a record lock on {name}, and closed its descriptor \
         {fd} of the same file: with that it lost the lock, and {} got it",
        case.history.title(other),
    );
    vec![Fault::of(holder, says)]
}

fn name_of(object: &str) -> String {
    let name = object.rsplit('/').next().unwrap_or(object);
    quoted(name.as_bytes(), 40)
}

/// Looked for where a plan holds somebody who has a lock, and the result is
/// wrong.
fn broken<'a>(case: &'a Case<'_>) -> Option<Broken<'a>> {
    if case.is_failing || !is_result_wrong(case) && wrong_file(case).is_empty()
    {
        return None;
    }
    let events = &case.history.record.events;
    events.iter().enumerate().find_map(|(end, hold)| {
        let What::Block { on, from_us, .. } = &hold.what else { return None };
        let act = on.object.as_deref().filter(|_| on.kind == "plan")?;
        if !act.starts_with("hold ") {
            return None;
        }
        let is_before = |event: &&Event| event.t_us <= *from_us;
        let before: Vec<&Event> =
            events[..end].iter().filter(is_before).collect();
        let (got, kind, object, closed) = lock_of(&before, &hold.who)?;
        // Perhaps just before it stood still: nobody tells of a lock later
        // than of what it does with it.
        let since = events[..end].iter().filter(|it| it.seq > got);
        let other = since.filter(|it| it.who != hold.who).find(|event| {
            matches!(&event.what, What::Lock {
                operation, object: its, errno: None, ..
            } if operation == "exclusive" && its == object)
        })?;
        let (holder, other) = (&hold.who, &other.who);
        Some(Broken { holder, other, kind, object, closed })
    })
}

/// The lock that a process believes to have, behind these events: the event
/// that told of it, its kind, its file, and the descriptor of the file that was
/// closed since.
fn lock_of<'a>(
    before: &[&'a Event],
    who: &Who,
) -> Option<(u64, &'a str, &'a str, Option<i32>)> {
    let mut lock = None;
    for event in before.iter().filter(|it| it.who == *who) {
        match &event.what {
            What::Lock { kind, operation, fd, object, errno: None } => {
                lock = (operation == "exclusive").then_some((
                    event.seq,
                    kind.as_str(),
                    object.as_str(),
                    *fd,
                    None,
                ));
            }
            What::Close { fd, object, .. } => {
                if let Some((_, kind, file, locked, closed)) = &mut lock
                    && object == file
                {
                    if *kind != "fcntl" && fd == locked {
                        lock = None;
                    } else {
                        *closed = Some(*fd);
                    }
                }
            }
            _ => {}
        }
    }
    lock.map(|(got, kind, object, _, closed)| (got, kind, object, closed))
}
