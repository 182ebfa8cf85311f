//! What could not be seen, and what would let one see more.

use crate::answer::Basis;
use crate::causes::Found;
use crate::helpers;
use crate::says::Speaker;
use crate::wait::Waker;

/// As many processes are named.
const NAMED: usize = 3;

pub(crate) fn told(speaker: Speaker<'_>, found: &[Found]) -> Vec<String> {
    let mut told = Vec::new();
    let known = speaker.0;
    let is_stuck = known.stuck.iter().all(|stuck| *stuck);
    if is_stuck && !found.is_empty() && !known.untold.is_empty() {
        told.push(alarm(speaker));
    }
    if is_stuck && !found.is_empty() && known.may_be_raised {
        told.push(CGROUP.to_owned());
    }
    if is_stuck && !found.is_empty() && known.may_be_older {
        told.push(AGE.to_owned());
    }
    if !is_stuck && !known.is_settled {
        told.push(UNSETTLED.to_owned());
    }
    let waits = known.waits.iter().zip(known.stuck);
    let mut waits = waits.filter(|(_, stuck)| !**stuck).map(|(wait, _)| wait);
    let is_unseen = waits.any(|wait| wait.others.contains(&Waker::Unseen));
    if is_unseen && !known.is_closed {
        let [above, others] = known.unseen();
        told.extend(inherited(speaker, above));
        told.extend(unseen(others));
    }
    if known.basis() == Basis::Wchan {
        told.push(REFUSED.to_owned());
    }
    if known.rests && !is_stuck {
        told.push(helpers::told(speaker));
        let causes = known.if_alone.iter().map(|it| speaker.cause(it));
        told.extend(causes.map(|it| format!("If nobody does, it is {it}")));
    }
    told
}

fn alarm(speaker: Speaker<'_>) -> String {
    let untold = speaker.0.untold;
    let names = untold.iter().map(|place| speaker.name(*place)).collect();
    let names = list(names, "or");
    format!(
        "This is so unless {names} has set an alarm(2), whose SIGALRM would \
         end it: the kernel tells nobody of an alarm. `cargo why -- CMD` sees \
         who sets one."
    )
}

/// What the first process was given when it began, whoever was there before
/// may have too.
fn inherited(speaker: Speaker<'_>, above: Vec<String>) -> Option<String> {
    if above.is_empty() {
        return None;
    }
    let census = speaker.0.census;
    let first = census.process_of(census.root.0)?;
    let (first, names) = (speaker.name(first), list(above, "or"));
    Some(format!(
        "{first} may have inherited what it waits for from {names}, whose \
         descriptors we are not permitted to read: if so, that process may \
         still help. Ask as root, or promise with --closed that nobody outside \
         takes part."
    ))
}

fn unseen(names: Vec<String>) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let names = list(names, "and");
    Some(format!(
        "What {names} may hold we are not permitted to read, so it may still \
         help. Ask as root, or promise with --closed that nobody outside \
         takes part."
    ))
}

/// `one, two or three`, or the first of them.
pub(crate) fn list(mut names: Vec<String>, last: &str) -> String {
    let more = names.len().saturating_sub(NAMED);
    if more > 0 {
        names.truncate(NAMED);
        names.push(format!("{more} more"));
    }
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [some @ .., end] => format!("{} {last} {end}", some.join(", ")),
    }
}

const CGROUP: &str = "This is so unless a memory cgroup of version 1 raises \
the eventfd (cgroup.event_control): the kernel tells nobody which it does.";

const AGE: &str = "This is so unless a pipe is older than the tree, and \
somebody has it whom we may not look into: before Linux 6.15 one that was read \
looks younger than it is. `cargo why -- CMD` knows which pipes are its own.";

const UNSETTLED: &str = "Outside of the tree processes begin and end, or send \
each other what they have, so fast that not all of them could be looked into \
at rest: one of them may still help.";

const REFUSED: &str = "The kernel does not tell us the calls and arguments of \
these processes, so that only the kind of wait is known, by the name of a \
function in the kernel. Whoever starts the program may see more: \
`cargo why -- CMD` instead of a pid, or the same user, or \
kernel.yama.ptrace_scope at 0.";
