//! Who outside of the tree could help, where nobody inside can.

use crate::limits::list;
use crate::names;
use crate::plain::plain;
use crate::says::Speaker;
use crate::wait::{Evidence, Kind, Wait, Waker};

/// How the sentence begins that says who outside could help.
pub const RESTS: &str = "Nothing in the tree can go on by itself.";

/// As many processes are named that could be helped.
const NAMED: usize = 4;

pub(crate) fn told(speaker: Speaker<'_>) -> String {
    let known = speaker.0;
    let mut help: Vec<String> = Vec::new();
    let process = |task: usize| known.census.tasks[task].process;
    let mut tasks: Vec<usize> = (0..known.waits.len()).collect();
    tasks.sort_by_key(|task| &known.census.processes[process(*task)].who);
    for task in tasks {
        let (wait, process) = (&known.waits[task], process(task));
        for wait in wait.each() {
            let helpers = helpers(speaker, wait);
            if helpers.is_empty() {
                continue;
            }
            let name = speaker.name(process);
            let text = format!("{name} by {}", list(helpers, "or"));
            if !help.contains(&text) {
                help.push(text);
            }
        }
    }
    let more = help.len().saturating_sub(NAMED);
    help.truncate(NAMED);
    if more > 0 {
        help.push(format!("{more} more"));
    }
    format!("{RESTS} Only somebody outside can help: {}.", help.join("; "))
}

/// Those outside who could end a wait.
fn helpers(speaker: Speaker<'_>, wait: &Wait) -> Vec<String> {
    let known = speaker.0;
    let all = wait.wakers.iter().chain(&wait.others);
    let mut strangers: Vec<i32> = Vec::new();
    for waker in all.clone() {
        let Waker::Group(group) = waker else { continue };
        let holders = known.groups[*group].holders.iter();
        for holder in holders.filter(|it| it.process.is_none()) {
            if !strangers.contains(&holder.pid) {
                strangers.push(holder.pid);
            }
        }
    }
    let strangers = strangers.into_iter();
    let mut helpers: Vec<String> =
        strangers.map(|pid| known.stranger(pid)).collect();
    let is_there = |meant: Waker| all.clone().any(|waker| *waker == meant);
    if is_there(Waker::Stranger) && !known.is_closed {
        helpers.push(stranger(wait));
    }
    if helpers.is_empty() && is_there(Waker::Unseen) && !known.is_closed {
        helpers.extend(known.unseen().concat());
    }
    let leads_out = known.leads_outside(wait);
    if helpers.is_empty() && leads_out {
        match wait.kind {
            Kind::Frozen => return vec!["whoever thaws its cgroup".to_owned()],
            Kind::Answer | Kind::Fault => {
                return vec!["whoever answers for the kernel".to_owned()];
            }
            _ => {}
        }
        let object = wait.object.as_deref().map(plain);
        let object = object.unwrap_or_else(|| "what it waits for".to_owned());
        helpers.push(format!("whoever holds {object}"));
    }
    helpers
}

fn stranger(wait: &Wait) -> String {
    let object = wait.object.as_deref().map(plain).unwrap_or_default();
    if wait.handled != 0 {
        let signals = names::signals(wait.handled);
        return format!("whoever sends it {}", list(signals, "or"));
    }
    match wait.kind {
        Kind::FifoPeer => format!("whoever opens {object}"),
        Kind::Accept => format!("whoever connects to {object}"),
        Kind::Stop => "whoever sends it SIGCONT".to_owned(),
        Kind::Signal => match wait.evidence {
            Some(Evidence::Signals { awaited, .. }) if awaited != 0 => {
                let signals = names::signals(awaited);
                format!("whoever sends it {}", list(signals, "or"))
            }
            _ => "whoever sends it a signal that it handles".to_owned(),
        },
        _ if wait.object.is_none() => {
            "whoever sends it a signal that it handles".to_owned()
        }
        _ => format!("whoever uses {object}"),
    }
}
