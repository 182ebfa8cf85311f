//! What comes out of a run.

use trace::{Ending, What, Who};

use super::{Case, Fault};
use crate::compared::compare;
use crate::expected::{After, Exit, Stderr};
use crate::panic::Panic;
use crate::plain::{clean, quoted};
use crate::record::{Cut, Missed};
use crate::selector::ending;

/// As much of a stranger's line is quoted.
const QUOTED: usize = 120;

/// A process panicked.
pub(super) fn panics(case: &Case<'_>) -> Vec<Fault> {
    if case.is_failing {
        return Vec::new(); // it has told, and has failed
    }
    let Some(panic) = last_words(case) else { return Vec::new() };
    let is_101 = |life: &crate::history::Life| {
        matches!(life.end, Some((_, Ending::Code { code: 101 })))
    };
    // A parent may end with its child's code: who ended first has panicked.
    let ended = case.history.lives.iter().filter(|(_, life)| is_101(life));
    let found = ended
        .min_by_key(|(_, life)| life.end.as_ref().map(|(place, _)| *place));
    let shown = |text: &str| quoted(text.as_bytes(), 60);
    let place = match (panic.library(), &case.history.record.panicking) {
        (None, _) => format!("at {}", shown(panic.line())),
        (Some(library), Some(own)) => {
            format!("in {}, in a call of `{}`", shown(&library), shown(own))
        }
        (Some(library), None) => {
            format!("in {}, in a call of the program", shown(&library))
        }
    };
    let body = quoted(panic.says.as_bytes(), QUOTED);
    match found {
        Some((who, _)) => {
            let title = case.history.title(who);
            let says = format!("{title} panicked {place}: {body}");
            vec![Fault::of(who, says)]
        }
        None => {
            vec![Fault::of_run(format!("a thread panicked {place}: {body}"))]
        }
    }
}

/// What a panic has written. Standard error may have been a file by then; a
/// program that lies among the files holds those words too, and has said
/// nothing.
fn last_words(case: &Case<'_>) -> Option<Panic> {
    let record = case.history.record;
    let files = record.files.iter().filter_map(|(_, it)| it.as_deref());
    // A program has these words in it, and is no text.
    let files = files.filter(|it| !it.contains(&0));
    std::iter::once(record.stderr.as_slice())
        .chain(files)
        .find_map(Panic::first_in)
}

/// A call failed, and the program went on as if it had not (G6).
pub(super) fn failure_ignored(case: &Case<'_>) -> Vec<Fault> {
    let record = case.history.record;
    if !case.is_failing || record.cut.is_some() {
        return Vec::new();
    }
    let end = case.history.lives.get(&Who::first());
    let end = end.and_then(|it| it.end.as_ref()).map(|(_, how)| how);
    let act = case.history.events().find_map(|(_, event)| match &event.what {
        What::Block { on, .. } if on.kind == "plan" => {
            Some((event.who.clone(), on.object.clone().unwrap_or_default()))
        }
        _ => None,
    });
    let (who, act) = act.unwrap_or((Who::first(), String::new()));
    let failed = match clean(&act).strip_prefix("fail ") {
        Some(call) => format!("a call failed in {who} ({call})"),
        None => format!("a call failed in {who}"),
    };
    let what = match end {
        Some(Ending::Code { code: 0 }) => "the program ended with exit code 0",
        _ if record.stderr.is_empty() => {
            "nothing was said about it on standard error"
        }
        _ => return Vec::new(),
    };
    vec![Fault::of(&who, format!("{failed}, and {what}"))]
}

/// The output is another one.
pub(super) fn wrong_output(case: &Case<'_>) -> Vec<Fault> {
    let record = case.history.record;
    // A program that has to fail need not come as far as a dialogue goes.
    let missed = record.missed.as_ref().filter(|_| !case.is_failing);
    if let Some(Missed::Line(line)) = missed
        && !matches!(record.cut, Some(Cut::Stuck(_)))
    {
        let so_far = match record.stdout.is_empty() {
            true => "it printed nothing".to_owned(),
            false => format!("it printed `{}`", quoted(&record.stdout, 60)),
        };
        let says = format!("the line `{line}` never came: {so_far}");
        return vec![Fault::of_run(says)];
    }
    if let Some(Missed::Rest(when)) = missed
        && record.cut.is_none()
    {
        return vec![Fault::of_run(format!("the program ended {when}"))];
    }
    if record.cut.is_some() && !matches!(record.cut, Some(Cut::Left)) {
        return Vec::new();
    }
    match compare(case.stdout, &record.stdout, &case.history, true) {
        Some(it) if !it.is_order => {
            vec![Fault::of_run(format!("of the output, {}", it.says))]
        }
        _ => wrong_stderr(case),
    }
}

fn wrong_stderr(case: &Case<'_>) -> Vec<Fault> {
    let record = case.history.record;
    if case.question.stderr == Stderr::Empty && !record.stderr.is_empty() {
        let says = format!(
            "standard error is `{}`, and nothing is expected there",
            quoted(&record.stderr, QUOTED)
        );
        return vec![Fault::of_run(says)];
    }
    if case.question.stderr == Stderr::Said && record.stderr.is_empty() {
        let says = "nothing was said on standard error".to_owned();
        return vec![Fault::of_run(says)];
    }
    Vec::new()
}

/// The end is another one.
pub(super) fn wrong_exit(case: &Case<'_>) -> Vec<Fault> {
    if case.history.record.cut.is_some() {
        return Vec::new();
    }
    let first = case.history.lives.get(&Who::first());
    let Some((_, how)) = first.and_then(|it| it.end.as_ref()) else {
        return Vec::new();
    };
    let is_right = match (case.exit, how) {
        (Exit::Any, _) => true,
        (Exit::Code(code), Ending::Code { code: found }) => code == found,
        (Exit::Signal(signal), Ending::Signal { signal: found }) => {
            signal == found
        }
        (Exit::Failure, Ending::Code { code }) => *code != 0,
        _ => false,
    };
    if is_right || case.is_failing {
        return Vec::new();
    }
    let found = match how {
        Ending::Code { code } => format!("exit code {code}"),
        how => format!("a death by {}", ending(how)),
    };
    let expected = case.exit;
    vec![Fault::of_run(format!(
        "the program's end is {found}, and {expected} is expected"
    ))]
}

/// A file is another one.
pub(super) fn wrong_file(case: &Case<'_>) -> Vec<Fault> {
    let Some(expected) = case.after else { return Vec::new() };
    if case.history.record.cut.is_some() {
        return Vec::new();
    }
    let fault = |(name, content): &(String, Option<Vec<u8>>)| {
        let after = expected.get(name)?;
        let says = match (after, content) {
            (After::Absent, None) | (After::Present, Some(_)) => return None,
            (After::Absent, Some(_)) => {
                format!("the file {name} is there, and should be gone")
            }
            (After::Present | After::Holds(_), None) => {
                format!("the file {name} is not there")
            }
            (After::Holds(expected), Some(content)) => {
                let differs = compare(expected, content, &case.history, false)?;
                format!("in the file {name}, {}", differs.says)
            }
        };
        Some(Fault::of_run(says))
    };
    case.history.record.files.iter().find_map(fault).into_iter().collect()
}

/// Processes were in other states.
pub(super) fn wrong_state(case: &Case<'_>) -> Vec<Fault> {
    match &case.history.record.missed {
        Some(Missed::States { expected, found }) => {
            let found = match found.is_empty() {
                true => "there was nobody".to_owned(),
                false => format!("they were {}", clean(found)),
            };
            let says = format!(
                "the states {expected} were expected at one time, and {found}"
            );
            vec![Fault::of_run(says)]
        }
        _ => Vec::new(),
    }
}

/// It took longer than the task allows.
pub(super) fn too_slow(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = case.question.within_ms else { return Vec::new() };
    let first = case.history.lives.get(&Who::first());
    let end = first.and_then(|it| it.end.as_ref());
    let Some((at, _)) = end else { return Vec::new() };
    let took = case.history.record.events[*at].t_us / 1000;
    if took <= limit || case.history.record.cut.is_some() {
        return Vec::new();
    }
    let says =
        format!("it took {took} ms, and the task allows {limit} ms for this");
    vec![Fault::of_run(says)]
}

/// A name outlives the run (G3).
pub(super) fn name_left_behind(case: &Case<'_>) -> Vec<Fault> {
    let record = case.history.record;
    if record.cut.is_some() {
        return Vec::new();
    }
    let Some((kind, name)) = record.left.first() else { return Vec::new() };
    let more = match record.left.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let name = quoted(name.as_bytes(), 60);
    let says = format!("the {kind} {name} is still there{more}");
    vec![Fault::of_run(says)]
}
