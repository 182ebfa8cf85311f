//! Files that one process makes and another one needs.

use trace::{Event, What, Who};

use super::memory::is_result_wrong;
use super::{Case, Fault};
use crate::plain::quoted;

/// One opening or closing of the file.
enum Touch {
    Opened,
    /// It was not there.
    Missed,
    Closed,
}

/// Somebody opened a file before it was there, or whole.
pub(super) fn opened_too_early(case: &Case<'_>) -> Vec<Fault> {
    let Some(file) = &case.parameters.opened_too_early else {
        return Vec::new();
    };
    if case.is_failing || !is_result_wrong(case) {
        return Vec::new();
    }
    let touches: Vec<(&Who, Touch)> = case
        .history
        .events()
        .filter_map(|(_, event)| Some((&event.who, touch(event, &file.path)?)))
        .collect();
    // Who has it first has made it.
    let is_opened =
        |(_, touch): &&(&Who, Touch)| matches!(touch, Touch::Opened);
    let Some((maker, _)) = touches.iter().find(is_opened) else {
        return Vec::new();
    };
    let is_close = |(who, touch): &(&Who, Touch)| {
        who == maker && matches!(touch, Touch::Closed)
    };
    let closed = touches.iter().position(is_close).unwrap_or(touches.len());
    let early = touches[..closed].iter().find(|(who, touch)| {
        who != maker && matches!(touch, Touch::Opened | Touch::Missed)
    });
    let Some((who, touch)) = early else { return Vec::new() };
    let says = says(case, &file.path, (who, touch), maker);
    vec![Fault::of(who, says).costing(file.mark)]
}

/// What an event does with the file.
fn touch(event: &Event, file: &str) -> Option<Touch> {
    let is_it =
        |path: &str| path == file || path.ends_with(&format!("/{file}"));
    match &event.what {
        What::Open { path, errno, .. } if is_it(path) => match errno.as_deref()
        {
            None => Some(Touch::Opened),
            Some("ENOENT") => Some(Touch::Missed),
            Some(_) => None,
        },
        What::Close { object, .. } if is_it(object) => Some(Touch::Closed),
        _ => None,
    }
}

fn says(
    case: &Case<'_>,
    file: &str,
    (who, touch): (&Who, &Touch),
    maker: &Who,
) -> String {
    let (title, maker) = (case.history.title(who), case.history.title(maker));
    let name = quoted(file.as_bytes(), 40);
    match touch {
        Touch::Missed => format!(
            "{title} opened {name}, and it was not there: {maker} made it later"
        ),
        _ => format!(
            "{title} opened {name} when {maker} had it open and had not \
             finished with it"
        ),
    }
}
