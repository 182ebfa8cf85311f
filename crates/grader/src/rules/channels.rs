//! Pipes, sockets and queues: who talks to whom.

use std::collections::BTreeMap;

use trace::{Ending, Event, What, Who};

use super::{Case, Fault};
use crate::selector::Processes;

fn made(case: &Case<'_>, by: Option<&Processes>) -> usize {
    let is_one = |event: &Event| {
        matches!(event.what, What::Pipe { .. } | What::Socketpair { .. })
            && by.is_none_or(|by| by.hold(&event.who))
    };
    case.history.events().filter(|(_, event)| is_one(event)).count()
}

/// More pipes than the task allows.
pub(super) fn too_many(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = &case.parameters.too_many_pipes else {
        return Vec::new();
    };
    let count = made(case, limit.by.as_ref());
    if count <= limit.at_most {
        return Vec::new();
    }
    let allowed = limit.at_most;
    let says = format!("{count} pipes were made; the task allows {allowed}");
    vec![Fault::of_run(says).costing(limit.mark)]
}

/// Fewer pipes than the task asks for.
pub(super) fn too_few(case: &Case<'_>) -> Vec<Fault> {
    let Some(limit) = &case.parameters.too_few_pipes else {
        return Vec::new();
    };
    let count = made(case, limit.by.as_ref());
    if count >= limit.at_least || case.is_failing {
        return Vec::new();
    }
    let asked = limit.at_least;
    let says = format!("{count} pipes were made; the task asks for {asked}");
    vec![Fault::of_run(says).costing(limit.mark)]
}

/// One transfer of bytes or of a message.
pub(super) struct Transfer<'a> {
    who: &'a Who,
    pub(super) is_write: bool,
    /// The pipe, queue, or the socket at which it is read.
    pub(super) object: &'a str,
}

/// The last transfer of a process.
pub(super) fn last_transfer<'a>(
    case: &'a Case<'_>,
    who: &Who,
) -> Option<Transfer<'a>> {
    transfers(case).into_iter().rfind(|it| it.who == who)
}

/// All transfers, in order; the streams of the run are none.
fn transfers<'a>(case: &'a Case<'_>) -> Vec<Transfer<'a>> {
    let streams = &case.history.record.streams;
    let own = [&streams.stdin, &streams.stdout, &streams.stderr];
    let mut peers: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (_, event) in case.history.events() {
        match &event.what {
            What::Socketpair { objects: [a, b], .. } => {
                peers.insert(a, b);
                peers.insert(b, a);
            }
            What::Io { is_write, object, bytes, errno: None, .. }
                if *bytes > 0 && !own.contains(&object) =>
            {
                let is_write = *is_write;
                let peer = peers.get(object.as_str()).copied();
                let object = match peer {
                    Some(peer) if is_write => peer,
                    _ => object,
                };
                found.push(Transfer { who: &event.who, is_write, object });
            }
            What::Mq { call, object, bytes: Some(_), errno: None } => {
                let is_write = call == "mq_timedsend";
                found.push(Transfer { who: &event.who, is_write, object });
            }
            _ => {}
        }
    }
    found
}

/// Bytes that should go from one process to another never did.
pub(super) fn no_communication(case: &Case<'_>) -> Vec<Fault> {
    let Some(pairs) = &case.parameters.no_communication else {
        return Vec::new();
    };
    if case.is_failing || case.history.record.cut.is_some() {
        return Vec::new();
    }
    let shares = |event: &Event| {
        matches!(event.what, What::Map { .. } | What::Shm { .. })
    };
    let mut events = case.history.events();
    if pairs.unless_shared && events.any(|(_, event)| shares(event)) {
        return Vec::new();
    }
    let all = transfers(case);
    let goes = |from: &Processes, to: &Processes| {
        all.iter().enumerate().any(|(place, write)| {
            write.is_write
                && from.hold(write.who)
                && all[place..].iter().any(|read| {
                    !read.is_write
                        && read.object == write.object
                        && read.who != write.who
                        && to.hold(read.who)
                })
        })
    };
    let missing = pairs.pairs.iter().find(|it| !goes(&it.from, &it.to));
    let Some(pair) = missing else { return Vec::new() };
    let (from, to) = (&pair.from, &pair.to);
    let wrote = all.iter().any(|it| it.is_write && from.hold(it.who));
    let read = all.iter().any(|it| !it.is_write && to.hold(it.who));
    let says = says_silence(from, to, wrote, read);
    vec![Fault::of_run(says).costing(pairs.mark)]
}

/// That nothing went that way, and how far it came.
fn says_silence(
    from: &Processes,
    to: &Processes,
    wrote: bool,
    read: bool,
) -> String {
    let detail = match (wrote, read) {
        (false, _) if from.is_everybody() => "nobody wrote to one".to_owned(),
        (false, _) => format!("{} wrote to no pipe", from.text()),
        (true, false) if to.is_everybody() => "nobody read one".to_owned(),
        (true, false) => format!("{} read from no pipe", to.text()),
        (true, true) => {
            "what was written to one pipe was not read from it".to_owned()
        }
    };
    let way = match from.is_everybody() && to.is_everybody() {
        true => "no process got a byte from another by a pipe, socket or \
                 queue"
            .to_owned(),
        false => format!("no byte went from {} to {}", from.text(), to.text()),
    };
    format!("{way}: {detail}")
}

/// What went through one pipe, queue, or one direction of a socket.
#[derive(Default)]
struct Passed<'a> {
    sent: u64,
    received: u64,
    /// Who sent last, and who was the last to receive or to ask.
    sender: Option<&'a Who>,
    receiver: Option<&'a Who>,
    /// A send that failed because nobody was left.
    refused: Option<(&'a str, &'a str)>,
}

/// Somebody sends, and nobody takes it.
pub(super) fn never_received(case: &Case<'_>) -> Vec<Fault> {
    let Some(whose) = &case.parameters.never_received else {
        return Vec::new();
    };
    if case.is_failing || case.history.record.cut.is_some() {
        return Vec::new();
    }
    let all = passed(case);
    let is_lost = |it: &&Passed<'_>| {
        let is_theirs = it.sender.is_some_and(|who| whose.by.hold(who));
        is_theirs && (it.refused.is_some() || it.sent > it.received)
    };
    let Some(lost) = all.values().find(is_lost) else { return Vec::new() };
    let title = |who: &Who| case.history.title(who);
    let receiver = match lost.receiver {
        Some(who) => {
            format!("{} had looked there, and did not again", title(who))
        }
        None => "nobody was there to receive it".to_owned(),
    };
    let sender = lost.sender.map_or_else(String::new, title);
    let how = match lost.refused {
        Some((call, errno)) => format!("its {call} failed with {errno}"),
        None => {
            format!("{} bytes were never received", lost.sent - lost.received)
        }
    };
    let says = format!("{sender} sent, and {how}: {receiver}");
    let fault = lost.sender.map_or_else(
        || Fault::of_run(says.clone()),
        |who| Fault::of(who, says.clone()),
    );
    vec![fault.costing(whose.mark)]
}

fn passed<'a>(case: &'a Case<'_>) -> BTreeMap<&'a str, Passed<'a>> {
    let streams = &case.history.record.streams;
    let own = [&streams.stdin, &streams.stdout, &streams.stderr];
    let mut peers: BTreeMap<&str, &str> = BTreeMap::new();
    let mut all: BTreeMap<&str, Passed<'_>> = BTreeMap::new();
    for (_, event) in case.history.events() {
        match &event.what {
            What::Socketpair { objects: [a, b], .. } => {
                peers.insert(a, b);
                peers.insert(b, a);
            }
            What::Io { call, is_write, object, bytes, errno, .. }
                if !own.contains(&object) =>
            {
                let peer = peers.get(object.as_str()).filter(|_| *is_write);
                let object = peer.copied().unwrap_or(object);
                let passed = all.entry(object).or_default();
                passed.note(&event.who, *is_write, *bytes);
                let is_gone = |errno: &&str| GONE.contains(errno);
                let errno = errno.as_deref().filter(is_gone);
                if let (true, Some(errno)) = (is_write, errno) {
                    passed.refused.get_or_insert((call, errno));
                }
            }
            What::Mq { call, object, bytes: Some(bytes), errno: None } => {
                let is_write = call == "mq_timedsend";
                let passed = all.entry(object).or_default();
                passed.note(&event.who, is_write, *bytes);
            }
            _ => {}
        }
    }
    all
}

/// What a send says when nobody is left to receive.
const GONE: &[&str] = &["EPIPE", "ECONNRESET", "ECONNREFUSED", "ENOTCONN"];

impl<'a> Passed<'a> {
    fn note(&mut self, who: &'a Who, is_write: bool, bytes: u64) {
        if is_write {
            self.sent += bytes;
            self.sender = Some(who);
        } else {
            self.received += bytes;
            self.receiver = Some(who);
        }
    }
}

/// A process reads what it wrote itself.
pub(super) fn reads_own_bytes(case: &Case<'_>) -> Vec<Fault> {
    let Some(whose) = &case.parameters.reads_own_bytes else {
        return Vec::new();
    };
    let mut writers: BTreeMap<&str, Vec<&Who>> = BTreeMap::new();
    for transfer in transfers(case) {
        let writers = writers.entry(transfer.object).or_default();
        if transfer.is_write {
            writers.push(transfer.who);
            continue;
        }
        let is_own = !writers.is_empty()
            && writers.iter().all(|who| *who == transfer.who);
        if is_own && whose.by.hold(transfer.who) {
            let title = case.history.title(transfer.who);
            let says = format!(
                "{title} read from {} what it had written there itself: \
                 nobody else had written to it",
                transfer.object
            );
            let fault = Fault::of(transfer.who, says);
            return vec![fault.costing(whose.mark)];
        }
    }
    Vec::new()
}

/// A process stops reading before the end of file.
pub(super) fn end_not_met(case: &Case<'_>) -> Vec<Fault> {
    let Some(whose) = &case.parameters.end_not_met else { return Vec::new() };
    if case.is_failing || case.history.record.cut.is_some() {
        return Vec::new();
    }
    let reads = |who: &Who| {
        let is_read = |event: &Event| {
            let What::Io { is_write: false, errno: None, bytes, .. } =
                &event.what
            else {
                return None;
            };
            (event.who == *who).then_some(*bytes)
        };
        let events = case.history.events();
        events.filter_map(|(_, it)| is_read(it)).collect::<Vec<u64>>()
    };
    // Who gave up with an error is told by what came of that.
    let is_wrong = super::memory::is_result_wrong(case);
    let gave_up = |who: &Who| {
        let end = case.history.lives[who].end.as_ref();
        let has_failed = end
            .is_some_and(|(_, how)| matches!(how, Ending::Code { code: 1.. }));
        is_wrong && has_failed
    };
    let never = |who: &&Who| {
        whose.by.hold(who) && !reads(who).contains(&0) && !gave_up(who)
    };
    let Some(who) = case.history.lives.keys().find(never) else {
        return Vec::new();
    };
    let how = match reads(who).len() {
        0 => "it read nothing".to_owned(),
        1 => "it read once, and got bytes".to_owned(),
        count => format!("each of its {count} reads got bytes"),
    };
    let title = case.history.title(who);
    let says = format!("{title} never met the end of file: {how}");
    vec![Fault::of(who, says).costing(whose.mark)]
}
