//! Which call is missing or wrong, and where the course teaches it.

use crate::answer::Cause;
use crate::causes::Found;
use crate::closes;
use crate::fifos;
use crate::rings;
use crate::says::Speaker;
use crate::wait::{Evidence, Kind, Wait};

/// A lesson, and the heading in its README.
pub(crate) fn place(cause: Cause) -> String {
    let (lesson, heading) = taught(cause);
    format!("{lesson}, \"{heading}\"")
}

fn taught(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::WriteEndOpen => ("lesson-05-pipes", "The cure"),
        Cause::PipeCycle => ("lesson-05-pipes", "Deadlock"),
        Cause::NoPeer => ("lesson-05-pipes", "No reader"),
        Cause::QueueEmpty => ("lesson-05-queues", "The end, twice"),
        Cause::QueueFull => ("lesson-05-queues", "Three slots: back-pressure"),
        Cause::LockCycle => {
            ("lesson-06-synchronization", "The cure for it: one order for all")
        }
        Cause::SelfLock => ("lesson-06-synchronization", "Locks on files"),
        Cause::LockHolderDead => {
            ("lesson-06-synchronization", "A lock whose holder died")
        }
        Cause::PrivateFutex => {
            ("lesson-06-synchronization", "The wrong kind of mutex")
        }
        Cause::WaitCycle => ("lesson-06-synchronization", "A deadlock"),
        Cause::WaitsForStopped => {
            ("lesson-03-state", "stop: deaf until SIGCONT")
        }
        Cause::SignalNeverComes => ("lesson-07-termination", "The cure"),
    }
}

/// The missing or wrong call.
pub(crate) fn missing(speaker: Speaker<'_>, found: &Found) -> String {
    let special = match found.cause {
        Cause::WriteEndOpen => Some(closes::missing(speaker, found)),
        Cause::WaitCycle => rings::missing(speaker, found),
        Cause::NoPeer => fifos::missing(speaker, found),
        _ => None,
    };
    special.unwrap_or_else(|| {
        let names = names(speaker, found);
        let advice = agreeing(advice_on(speaker, found), names.len());
        format!("{} {advice}.", names.join(" and "))
    })
}

fn advice_on(speaker: Speaker<'_>, found: &Found) -> &'static str {
    let waits = found.knot.iter().map(|it| &speaker.0.waits[*it]);
    let each: Vec<&Wait> = waits.flat_map(Wait::each).collect();
    let has = |kinds: &[Kind]| each.iter().any(|it| kinds.contains(&it.kind));
    let is_of_loop = |it: &&Wait| {
        it.kind == Kind::SelfPipe
            || it.members.iter().any(|it| it.kind == Kind::Eventfd)
    };
    match found.cause {
        Cause::QueueEmpty if each.iter().any(is_of_loop) => IN_A_LOOP,
        Cause::PrivateFutex if has(&[Kind::SharedFutex]) => NOBODY_MAPS,
        Cause::PrivateFutex if is_of_threads(speaker, found) => {
            let task = &speaker.0.census.tasks[found.knot[0]];
            let process = &speaker.0.census.processes[task.process];
            match process.tasks.len() {
                1 if process.who.parent().is_some() => ALONE_AFTER_FORK,
                1 => ALONE,
                _ => AMONG_THREADS,
            }
        }
        Cause::LockCycle if has(&[Kind::Thread]) => BEFORE_THE_JOIN,
        Cause::LockCycle if has(&[Kind::Semaphore]) => OF_SEMAPHORES,
        Cause::LockHolderDead if has(&[Kind::Semaphore]) => NEVER_POSTED,
        Cause::PipeCycle if !has(&[Kind::PipeRoom, Kind::SocketRoom]) => {
            ALL_READ
        }
        other => advice(other),
    }
}

/// Whether it is about threads of one process, in memory of its own.
fn is_of_threads(speaker: Speaker<'_>, found: &Found) -> bool {
    let tasks = &speaker.0.census.tasks;
    let first = found.knot.first().map(|task| tasks[*task].process);
    found.knot.iter().all(|task| {
        let wait = &speaker.0.waits[*task];
        Some(tasks[*task].process) == first
            && wait.each().iter().all(|it| {
                it.evidence != Some(Evidence::PrivateButShared)
                    && it.kind != Kind::SharedFutex
            })
    })
}

const IN_A_LOOP: &str = "waits in its event loop, where nothing is left that \
could happen: no timer, and no descriptor of anybody who moves; what it \
awaits there, nobody will do";

const AMONG_THREADS: &str = "waits in memory of its own, where only its own \
threads could wake it, and all of them wait: one must unlock, post or notify \
before it waits itself";

const ALONE: &str = "waits in memory of its own, where only another of its \
threads could wake it, and it has no other: what wakes it must come before it \
waits";

const ALONE_AFTER_FORK: &str = "waits in memory of its own, where only another \
of its threads could wake it, and it has no other: what another process is to \
wake must lie in memory mapped with MAP_SHARED before the fork. A lock that a \
thread holds at the fork stays locked in the child";

const NOBODY_MAPS: &str = "waits in memory that no other process maps: \
whoever is to wake it must map the same file with MAP_SHARED";

const OF_SEMAPHORES: &str = "take the same semaphores in different orders, if \
each has the one that the other wants; all must take them in one order";

const BEFORE_THE_JOIN: &str = "wait for each other: a lock is held by whoever \
waits for the end of the thread that wants it; the unlock must come before the \
join";

const NEVER_POSTED: &str = "waits for a semaphore that nobody is left to post; \
a sem_post is missing, in somebody who has ended or who never came";

const ALL_READ: &str = "wait for each other's pipes, and nobody writes; one of \
them must write before it reads, or close the end that another reads to its \
end";

/// The advice as it is said of so many processes.
fn agreeing(advice: &str, count: usize) -> String {
    const FORMS: [(&str, &str); 4] = [
        ("waits ", "wait "),
        ("asks ", "ask "),
        ("is ", "are "),
        ("takes ", "take "),
    ];
    for (one, many) in FORMS {
        match (advice.strip_prefix(one), advice.strip_prefix(many)) {
            (Some(rest), _) if count > 1 => return format!("{many}{rest}"),
            (_, Some(rest)) if count == 1 => {
                let rest = rest
                    .replace("for each other's pipes", "for its own pipe")
                    .replace("for each other", "for itself")
                    .replace("one of them", "it")
                    .replace("all must", "it must");
                return format!("{one}{rest}");
            }
            _ => {}
        }
    }
    advice.to_owned()
}

fn advice(cause: Cause) -> &'static str {
    match cause {
        Cause::WriteEndOpen => "must close what it does not use",
        Cause::PipeCycle => {
            "wait for each other's pipes; one of them must read before it \
             writes or waits, or read in a second thread"
        }
        Cause::LockCycle => {
            "take the same locks in different orders; all must take them in \
             one order"
        }
        Cause::SelfLock => {
            "asks for a lock which it holds already; the unlock is missing \
             before the second lock call"
        }
        Cause::LockHolderDead => {
            "waits for what somebody took and did not give back before it \
             ended; the unlock or sem_post is missing on the way to its exit"
        }
        Cause::WaitsForStopped => "is stopped; kill(pid, SIGCONT) is missing",
        Cause::SignalNeverComes => {
            "waits for a signal that nobody is left to send; kill is \
             missing, or came before the wait: block the signal first, then \
             wait for it with sigwait or sigsuspend"
        }
        _ => advice_on_others(cause),
    }
}

fn advice_on_others(cause: Cause) -> &'static str {
    match cause {
        Cause::NoPeer => {
            "waits for another side that is not there; the other process \
             must open, connect, accept or send"
        }
        Cause::QueueEmpty => {
            "waits for a message that nobody is left to send; a message that \
             says \"the end\" is missing, or one receive is too many"
        }
        Cause::QueueFull => {
            "waits for room that nobody is left to make; a receive is \
             missing, or must come before the wait for the sender"
        }
        Cause::PrivateFutex => {
            "waits in shared memory by a futex that only its own process can \
             wake: what processes share needs PTHREAD_PROCESS_SHARED"
        }
        _ => {
            "wait for each other; one of them must give what it holds before \
             it waits"
        }
    }
}

fn names(speaker: Speaker<'_>, found: &Found) -> Vec<String> {
    let tasks: Vec<usize> = match found.ring.is_empty() {
        true => found.knot.clone(),
        false => found.ring.iter().map(|step| step.0).collect(),
    };
    let census = speaker.0.census;
    let mut places: Vec<usize> =
        tasks.iter().map(|task| census.tasks[*task].process).collect();
    places.dedup();
    places.iter().take(4).map(|it| speaker.name(*it)).collect()
}

#[cfg(test)]
mod tests {
    use super::taught;
    use crate::answer::Cause;
    use std::path::Path;

    #[test]
    fn a_verb_agrees_with_how_many_do_it() {
        let says = |cause, count| super::agreeing(super::advice(cause), count);
        let one = says(Cause::NoPeer, 1);
        assert!(one.starts_with("waits for another side"), "{one}");
        let two = says(Cause::NoPeer, 2);
        assert!(two.starts_with("wait for another side"), "{two}");
        let one = says(Cause::WaitCycle, 1);
        assert!(one.starts_with("waits for itself; it must give"), "{one}");
        let two = says(Cause::WaitCycle, 2);
        assert!(two.starts_with("wait for each other; one of them"), "{two}");
        let two = says(Cause::WaitsForStopped, 2);
        assert!(two.starts_with("are stopped;"), "{two}");
    }

    #[test]
    fn every_cause_leads_to_a_heading_that_is_there() {
        let lessons =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lessons");
        for cause in [
            Cause::WriteEndOpen,
            Cause::PipeCycle,
            Cause::LockCycle,
            Cause::SelfLock,
            Cause::LockHolderDead,
            Cause::WaitsForStopped,
            Cause::SignalNeverComes,
            Cause::NoPeer,
            Cause::QueueEmpty,
            Cause::QueueFull,
            Cause::PrivateFutex,
            Cause::WaitCycle,
        ] {
            let (lesson, heading) = taught(cause);
            let readme = lessons.join(lesson).join("README.md");
            let readme = std::fs::read_to_string(readme).unwrap();
            let is_there = readme
                .lines()
                .any(|line| line.trim_start_matches('#').trim() == heading);
            assert!(is_there, "{cause}: {lesson} has no '{heading}'");
        }
    }
}
