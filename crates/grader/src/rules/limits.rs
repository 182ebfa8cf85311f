//! What the grader itself set an end to: a limit was reached, or somebody
//! reached out of the run.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use trace::{Ending, Event, What, Who};

use super::{Case, Fault};
use crate::hang::tell;
use crate::place::{Excess, FILES};
use crate::plain::{clean, quoted};
use crate::record::Cut;

/// Nobody has so many descriptors by accident, and no plan waits so long.
const PLENTY: usize = 500;

/// It ran too long, or nothing moved and nobody knows why (G10).
pub(super) fn time(case: &Case<'_>) -> Vec<Fault> {
    let limits = case.history.record.limits;
    match &case.history.record.cut {
        // Both wait for each other: the line that never came is told.
        Some(Cut::Wall) if case.history.record.missed.is_some() => Vec::new(),
        Some(Cut::Wall) => {
            vec![ended(case, &format!("it ran for {} ms", limits.wall_ms))]
        }
        Some(Cut::Calls) => {
            vec![ended(case, "it made more system calls than are followed")]
        }
        Some(Cut::Cpu) => {
            let what =
                format!("it used more than {} ms of CPU time", limits.cpu_ms);
            vec![ended_for(case, &what)]
        }
        Some(Cut::Stuck(answer)) if answer.causes.is_empty() => {
            let what =
                format!("nothing moved: {}", tell(answer, &case.history).says);
            vec![ended(case, &what)]
        }
        None => killed_by(case, "SIGXCPU", "used too much CPU time"),
        _ => Vec::new(),
    }
}

/// Its processes used too much memory.
pub(super) fn memory(case: &Case<'_>) -> Vec<Fault> {
    let record = case.history.record;
    let limit = case.history.record.limits.memory;
    if matches!(record.cut, Some(Cut::Memory)) {
        let what = format!("it used more than {limit} bytes of memory");
        return vec![ended_for(case, &what)];
    }
    // Rust's own words, when the kernel refuses.
    let said = String::from_utf8_lossy(&record.stderr);
    let line = said.lines().find_map(|line| {
        let rest = line.strip_prefix("memory allocation of ")?;
        rest.split(' ').next()?.parse::<u64>().ok()
    });
    let Some(bytes) = line.filter(|bytes| *bytes > limit) else {
        return Vec::new();
    };
    let says = format!("asked for {bytes} bytes of memory at once");
    killed_by(case, "SIGABRT", &says)
}

/// It created too many processes or threads.
pub(super) fn processes(case: &Case<'_>) -> Vec<Fault> {
    let limits = case.history.record.limits;
    let (what, is_birth): (_, fn(&What) -> bool) =
        match &case.history.record.cut {
            Some(Cut::Processes) => (
                format!("created more than {} processes", limits.processes),
                |what| matches!(what, What::Create { child: Some(_), .. }),
            ),
            Some(Cut::Threads) => {
                (format!("had more than {} threads", limits.threads), |what| {
                    matches!(what, What::Thread { began: Some(_) })
                })
            }
            _ => return Vec::new(),
        };
    let mut counts: BTreeMap<&Who, usize> = BTreeMap::new();
    for event in &case.history.record.events {
        if is_birth(&event.what) {
            *counts.entry(&event.who).or_default() += 1;
        }
    }
    // Of equals, the first.
    let most = counts.iter().rev().max_by_key(|(_, count)| **count);
    let Some((who, count)) = most else {
        return vec![Fault::of_run(format!("it {what} and was ended"))];
    };
    let title = case.history.title(who);
    let says = format!("it {what} and was ended; {title} made {count} of them");
    vec![Fault::of(who, says)]
}

/// It printed too much.
pub(super) fn output(case: &Case<'_>) -> Vec<Fault> {
    if !matches!(case.history.record.cut, Some(Cut::Output)) {
        return Vec::new();
    }
    let limit = case.history.record.limits.output;
    vec![ended_for(case, &format!("it printed more than {limit} bytes"))]
}

/// It had too many descriptors open, or was refused one of them by the limit
/// on each process's own.
pub(super) fn descriptors(case: &Case<'_>) -> Vec<Fault> {
    if matches!(case.history.record.cut, Some(Cut::Descriptors)) {
        let limit = case.history.record.limits.descriptors;
        let what = format!("it had more than {limit} descriptors open");
        return vec![ended_for(case, &what)];
    }
    let opens = |who: &Who, wanted: Option<&str>| {
        let is_it = |event: &&Event| {
            let What::Open { errno, .. } = &event.what else { return false };
            event.who == *who && errno.as_deref() == wanted
        };
        case.history.record.events.iter().filter(is_it).count()
    };
    // A plan refuses the first of them.
    let is_full = |who: &&Who| {
        opens(who, Some("EMFILE")) > 0 && opens(who, None) > PLENTY
    };
    let Some(who) = case.history.lives.keys().find(is_full) else {
        return Vec::new();
    };
    let count = opens(who, None);
    let says = format!(
        "{} opened {count} files, until it could have no more descriptors \
         (EMFILE)",
        case.history.title(who)
    );
    vec![Fault::of(who, says)]
}

/// It wrote too much into its folder.
pub(super) fn files(case: &Case<'_>) -> Vec<Fault> {
    let limit = case.history.record.limits.files;
    let excess = case.history.record.excess.map(|it| match it {
        Excess::Bytes => {
            format!("it had more than {limit} bytes in its folder")
        }
        Excess::Files => {
            format!("it had more than {FILES} files in its folder")
        }
        Excess::Unseen => "it had something in its folder that nobody can \
                           look at: below a closed folder, or too deep"
            .to_owned(),
    });
    match (&case.history.record.cut, excess) {
        (Some(Cut::Files), Some(what)) => return vec![ended(case, &what)],
        (None, Some(what)) => return vec![Fault::of_run(what)],
        (Some(Cut::Removed), _) => {
            let what = format!(
                "it held more than {limit} bytes in files that have no name"
            );
            return vec![ended_for(case, &what)];
        }
        _ => {}
    }
    let says = format!("wrote more than {limit} bytes into a file");
    killed_by(case, "SIGXFSZ", &says)
}

/// It reached for something outside of the run.
pub(super) fn forbidden(case: &Case<'_>) -> Vec<Fault> {
    let folder = &case.history.record.folder;
    let found = case.history.events().find_map(|(_, event)| {
        let says = match &event.what {
            What::Refuse { call, reaches: Some(reaches), .. } => {
                let reaches = quoted(reaches.as_bytes(), 200);
                let call = clean(call);
                format!("called {call}, which reaches {reaches}")
            }
            What::Open { path, errno: Some(errno), .. }
                if is_denied(errno)
                    && (errno == "EROFS"
                        || is_outside(Path::new(path), folder)) =>
            {
                let path = quoted(path.as_bytes(), 80);
                format!("opened {path}, which is none of its files ({errno})")
            }
            _ => return None,
        };
        Some((event.who.clone(), says))
    });
    let Some((who, says)) = found else { return Vec::new() };
    let title = case.history.title(&who);
    vec![Fault::of(&who, format!("{title} {says}; it was refused"))]
}

fn is_denied(errno: &str) -> bool {
    matches!(errno, "EACCES" | "EPERM" | "EROFS")
}

/// Of what lies in its own folder, a program may have taken its own rights.
fn is_outside(path: &Path, folder: &Path) -> bool {
    path.is_absolute() && !path.starts_with(folder) && !is_harmless(path)
}

/// Who looks around in /proc and /sys is refused this and that, and a
/// library asks for files of the system that everybody may read.
fn is_harmless(path: &Path) -> bool {
    let starts = |it: &[&str]| it.iter().any(|it| path.starts_with(it));
    if starts(&["/proc", "/sys"]) {
        return !path.ends_with("mem") && !path.starts_with("/proc/sys");
    }
    let is_public = |it: Metadata| it.mode() & 0o004 != 0;
    starts(&["/usr", "/lib", "/lib64", "/etc"])
        && path.metadata().is_ok_and(is_public)
}

/// Of a process that the kernel ended for what it did.
fn killed_by(case: &Case<'_>, signal: &str, did: &str) -> Vec<Fault> {
    let is_it = |how: &Ending| matches!(how, Ending::Signal { signal: it } if it == signal);
    let dead =
        case.history.lives.iter().find(|(_, life)| {
            life.end.as_ref().is_some_and(|(_, how)| is_it(how))
        });
    let Some((who, _)) = dead else { return Vec::new() };
    let title = case.history.title(who);
    let says = format!("{title} {did} and was ended ({signal})");
    vec![Fault::of(who, says)]
}

/// Of whom the keeper has told.
fn ended_for(case: &Case<'_>, what: &str) -> Fault {
    let mut events = case.history.record.events.iter().rev();
    let told = events.find(|event| {
        matches!(&event.what, What::Block { on, .. } if on.kind == "limit")
    });
    let Some(told) = told else { return ended(case, what) };
    let title = case.history.title(&told.who);
    let mine = last_heard(case, Some(&told.who));
    let doing = mine.map_or_else(
        || "which made no system call before".to_owned(),
        |(_, doing)| format!("last heard of {doing}"),
    );
    let says = format!("{what} and was ended; most of it was {title}, {doing}");
    Fault::of(&told.who, says)
}

/// With the last that was heard of somebody.
fn ended(case: &Case<'_>, what: &str) -> Fault {
    let last = last_heard(case, None);
    let who = last.as_ref().map(|(event, _)| event.who.clone());
    let doing = last.map_or_else(
        || "it made no system call meanwhile".to_owned(),
        |(event, doing)| {
            format!("last heard of {} {doing}", case.history.title(&event.who))
        },
    );
    let says = format!("{what} and was ended; {doing}");
    Fault { who, ..Fault::of_run(says) }
}

/// The last that was heard of somebody who was ended, or of this one.
fn last_heard<'a>(
    case: &'a Case<'_>,
    of: Option<&Who>,
) -> Option<(&'a Event, String)> {
    let is_killed = |how: &Ending| matches!(how, Ending::Signal { signal } if signal == "SIGKILL");
    let was_ended = |who: &Who| {
        let end = case.history.lives[who].end.as_ref();
        end.is_none_or(|(_, how)| is_killed(how))
    };
    let is_meant =
        |who: &Who| of.map_or_else(|| was_ended(who), |it| it == who);
    let mut events = case.history.record.events.iter().rev();
    events.find_map(|event| match &event.what {
        _ if !is_meant(&event.who) => None,
        What::Block { on, .. } if matches!(&*on.kind, "limit" | "cpu") => None,
        What::Block { call, .. } => Some((event, format!("in {call}"))),
        What::Create { call, .. } | What::Io { call, .. } => {
            Some((event, format!("after {call}")))
        }
        _ => None,
    })
}
