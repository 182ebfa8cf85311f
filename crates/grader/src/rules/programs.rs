//! Programs, and what crosses exec.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use trace::{Event, Held, What, Who};

use super::{Case, Fault};
use crate::plain::{counted, quoted};
use crate::selector::Processes;

/// The calls of exec, without the one by which the grader starts the program.
fn execs<'a>(
    case: &'a Case<'_>,
) -> impl Iterator<Item = (&'a Event, &'a str, bool)> {
    let calls =
        case.history.events().filter_map(|(_, event)| match &event.what {
            What::Exec { ok, path, .. } => Some((event, path.as_str(), *ok)),
            _ => None,
        });
    calls.skip(1)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A program runs that the task does not name (G8).
pub(super) fn foreign(case: &Case<'_>) -> Vec<Fault> {
    let record = case.history.record;
    let may = |path: &str| {
        let file = Path::new(path);
        file == case.program
            || file == Path::new("/proc/self/exe")
            || file.starts_with(&record.programs)
            || file.starts_with(&record.folder)
            || file.is_relative()
            || case.questions.programs.iter().any(|it| it == name(path))
    };
    let found = execs(case).find(|(_, path, ok)| *ok && !may(path));
    let Some((event, path, _)) = found else { return Vec::new() };
    let What::Exec { args, .. } = &event.what else { return Vec::new() };
    let title = case.history.title(&event.who);
    let shown = quoted(path.as_bytes(), 60);
    let args: Vec<String> = args
        .iter()
        .map(|it| format!("`{}`", quoted(it.as_bytes(), 40)))
        .collect();
    let says = format!(
        "{title} executed {shown} with the arguments {}: the task does not \
         name that program",
        args.join(" ")
    );
    vec![Fault::of(&event.who, says)]
}

fn by(event: &Event, by: Option<&Processes>) -> bool {
    by.is_none_or(|by| by.hold(&event.who))
}

/// More calls of exec than the task allows.
pub(super) fn too_many(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = &case.parameters.too_many_execs else {
        return Vec::new();
    };
    let calls: Vec<(&Event, &str, bool)> =
        execs(case).filter(|(it, ..)| by(it, limit.by.as_ref())).collect();
    if calls.len() <= limit.at_most {
        return Vec::new();
    }
    let tried: Vec<String> = calls
        .iter()
        .take(4)
        .map(|(event, path, _)| {
            let how = match &event.what {
                What::Exec { errno: Some(errno), .. } => errno.as_str(),
                _ => "ok",
            };
            format!("{} ({how})", quoted(path.as_bytes(), 40))
        })
        .collect();
    let says = format!(
        "{} called execve {}, and the task allows {}: {}{}",
        case.history.title(&calls[0].0.who),
        counted(calls.len(), "time", "times"),
        limit.at_most,
        tried.join(", "),
        if calls.len() > tried.len() { " …" } else { "" }
    );
    vec![Fault::of(&calls[0].0.who, says).costing(limit.mark)]
}

/// Fewer programs than the task asks for.
pub(super) fn too_few(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = &case.parameters.too_few_execs else {
        return Vec::new();
    };
    let count = execs(case)
        .filter(|(it, _, ok)| *ok && by(it, limit.by.as_ref()))
        .count();
    if count >= limit.at_least || !case.is_complete() {
        return Vec::new();
    }
    let failed = execs(case).find_map(|(event, path, _)| match &event.what {
        What::Exec { errno: Some(errno), .. } => Some((path, errno)),
        _ => None,
    });
    let tried = failed.map_or_else(String::new, |(path, errno)| {
        format!(" ({}: {errno})", quoted(path.as_bytes(), 60))
    });
    let says = format!(
        "{} executed{tried}; the task asks for {}",
        counted(count, "program was", "programs were"),
        limit.at_least
    );
    vec![Fault::of_run(says).costing(limit.mark)]
}

/// A descriptor crosses exec that the new program does not know of (G9).
pub(super) fn leaked_descriptor(case: &Case<'_>) -> Vec<Fault> {
    // What the grader's own surroundings left open.
    let first =
        case.history.events().find_map(|(_, event)| match &event.what {
            What::Exec { kept, .. } => Some(kept.as_slice()),
            _ => None,
        });
    let first = first.unwrap_or_default();
    let leaks = |kept: &'_ [Held]| -> Vec<String> {
        kept.iter()
            .filter(|held| !first.contains(held))
            .map(|held| {
                let object = quoted(held.object.as_bytes(), 40);
                format!("{} ({object}, {})", held.fd, mode(&held.mode))
            })
            .collect()
    };
    let found = execs(case).find_map(|(event, path, ok)| match &event.what {
        What::Exec { kept, .. } if ok && !leaks(kept).is_empty() => {
            Some((event, path, leaks(kept)))
        }
        _ => None,
    });
    let Some((event, path, leaks)) = found else { return Vec::new() };
    let title = case.history.title(&event.who);
    let says = format!(
        "{title} became {} with descriptor {} still open",
        quoted(name(path).as_bytes(), 40),
        leaks.join(", ")
    );
    vec![Fault::of(&event.who, says)]
}

fn mode(mode: &str) -> &str {
    match mode {
        "r" => "to read",
        "w" => "to write",
        _ => "to read and write",
    }
}

/// What a process does with signals, as far as exec keeps it.
#[derive(Clone, Debug, Default)]
struct Signals {
    ignored: BTreeSet<String>,
    /// Of the first thread. What others block is not known, and which of
    /// them calls exec neither.
    blocked: BTreeSet<String>,
    has_threads: bool,
}

impl Signals {
    fn take(&mut self, call: &str, how: &str, signals: &[String]) {
        let signals = signals.iter().cloned();
        match (call, how) {
            ("rt_sigaction", "ignore") => self.ignored.extend(signals),
            ("rt_sigaction", _) => {
                signals.for_each(|it| _ = self.ignored.remove(&it));
            }
            (_, "SIG_BLOCK") => self.blocked.extend(signals),
            (_, "SIG_UNBLOCK") => {
                signals.for_each(|it| _ = self.blocked.remove(&it));
            }
            _ => self.blocked = signals.collect(),
        }
    }
}

/// A program is started with signals ignored or blocked (G9).
pub(super) fn signals_not_reset(case: &Case<'_>) -> Vec<Fault> {
    let mut all: BTreeMap<&Who, Signals> = BTreeMap::new();
    let mut is_first = true;
    for (_, event) in case.history.events() {
        match &event.what {
            What::Create { child: Some(child), .. } => {
                let mut own = all.get(&event.who).cloned().unwrap_or_default();
                if event.tid.is_some() {
                    own.blocked.clear();
                }
                own.has_threads = false;
                // A child may be heard before its creation is told.
                all.entry(child).or_insert(own);
            }
            // Actions are the process's, a mask is its thread's.
            What::Mask { call, how, signals }
                if event.tid.is_none() || call == "rt_sigaction" =>
            {
                let own = all.entry(&event.who).or_default();
                own.take(call, how, signals);
            }
            What::Thread { began: Some(_) } => {
                all.entry(&event.who).or_default().has_threads = true;
            }
            What::Exec { ok: true, path, .. } => {
                let own = all.entry(&event.who).or_default();
                if std::mem::take(&mut own.has_threads) {
                    own.blocked.clear();
                }
                if !std::mem::take(&mut is_first)
                    && let Some(what) = inherited(own)
                {
                    let title = case.history.title(&event.who);
                    let name = quoted(name(path).as_bytes(), 40);
                    let says = format!("{title} became {name} with {what}");
                    return vec![Fault::of(&event.who, says)];
                }
            }
            _ => {}
        }
    }
    Vec::new()
}

fn inherited(signals: &Signals) -> Option<String> {
    let first = |set: &BTreeSet<String>| set.first().cloned();
    if let Some(signal) = first(&signals.ignored) {
        return Some(format!("{signal} ignored"));
    }
    let signal = first(&signals.blocked)?;
    let more = match signals.blocked.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Some(format!("{signal}{more} blocked"))
}
