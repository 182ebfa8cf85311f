//! A plan: how a run is perturbed, as text that can be recorded and replayed.
//!
//! A plan does only what the kernel could have done to that object, and only
//! after `main` has begun; it fails only calls that it names. The same plan
//! gives the same perturbation: nothing in it depends on the clock, and what
//! looks random follows from a seed, the process and the number of its call.

use std::fmt;
use std::str::FromStr;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use trace::Who;

use crate::names;
use crate::plan_calls::CallName;

/// How a run is perturbed: acts, with `;` between them.
///
/// | act | what the observer does |
/// |---|---|
/// | `child-first` | after each fork, holds the parent |
/// | `parent-first` | after each fork, holds the child |
/// | `hold WHO at CALL N` | holds it at the entry of its N-th such call |
/// | `hold WHO at every CALL` | and of each: a slow reader, a slow writer |
/// | `hold WHO at store N` | holds it before its N-th store to shared memory |
/// | `stores` | every store to shared memory is told (event `store`) |
/// | `fail [WHO] CALL N ERRNO` | that call is not made, and fails |
/// | `short-io [WHO] seed N` | reads and writes move less than they could |
/// | `eintr [WHO] CALL N` | that call is interrupted before it did anything |
/// | `eintr [WHO] seed N` | half of the calls that may block are |
/// | `no-sleep` | sleeps return at once |
/// | `one-cpu` | everybody shares one CPU |
/// | `kill WHO at CALL N SIGNAL` | sends it that signal before the call |
/// | `step WHO after CALL N, K instructions, then hold` | lets it go that far |
/// | `real-time` | waits with a time-out are not cut short |
///
/// On an ARMv8.0 CPU, which has no atomic instructions, single steps never get
/// through a loop of exclusive loads and stores (a lock, an atomic addition):
/// K runs out there. A process can be held before such a store, but what it
/// stores from there to its next call is neither held nor told.
///
/// WHO is a name as traces have it (`A.1`); where it may be left out, every
/// process is meant. N counts from 1, for each process by itself, from
/// `main` on. CALL is a system call, or one of the words that stand for
/// several: `fork`, `thread`, `exec`, `wait`, `exit`, `kill`, `open`, `pipe`,
/// `dup`, `read`, `write`, `lock`, `poll`, `sleep`. Of futex, fcntl, mmap and
/// prctl only the calls count that a trace tells of.
///
/// A store is an instruction that is about to change memory which other
/// processes share (`MAP_SHARED`), wherever that came from. Who is held there
/// may have loaded what others change meanwhile: so an update that is not one
/// step is lost, each time. An instruction that loads and stores in one step,
/// and a store under a lock, come to no harm.
///
/// A hold ends when everybody else (for the two `-first` acts: the other
/// side) is blocked, stopped or gone, or is found polling or spinning; never
/// by time. While one is held and all others are blocked, time passes in a
/// leap: the wait whose time-out comes first returns as timed out. So it is
/// under `no-sleep` too; `real-time` forbids it, and so does one who waits
/// for bytes from outside of the run.
///
/// `main` has begun when the loader has returned; of a Rust program, when
/// the runtime has installed its handlers. Nothing before that is counted,
/// and a child that has not called exec is in `main` at once.
///
/// `short-io` ends a read of a pipe or stream socket where a write to it
/// ended, as if the next had come later, and takes writes above `PIPE_BUF`
/// page by page; never a smaller write, a packet, a file or a terminal.
///
/// `eintr` interrupts only a call that may block, as if a handler that the
/// process has installed had run and done nothing: without `SA_RESTART`,
/// where that matters (signal(7)), and not blocked at that moment. With a
/// seed, handlers of signals that end programs (SIGTERM …) do not count. Who
/// wants more names it: `fail A read 1 EINTR`.
///
/// What a plan has done stands in the trace, as a `block` event whose kind
/// is `plan` and whose object is the act; who is found polling or spinning,
/// as one of the kind `polling` or `spinning`.
///
/// ```
/// let plan: observer::Plan = "hold A.1 at read 2; no-sleep".parse()?;
/// assert_eq!(plan.to_string(), "hold A.1 at read 2; no-sleep");
/// # Ok::<(), observer::BadPlan>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Plan {
    acts: Vec<Act>,
}

/// Not a plan; one line that says why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BadPlan(String);

/// One act of a plan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Act {
    ChildFirst,
    ParentFirst,
    NoSleep,
    OneCpu,
    RealTime,
    Stores,
    Hold { who: Who, at: Site },
    Kill { who: Who, at: Site, signal: i32 },
    Fail { who: Option<Who>, at: Site, errno: i32 },
    Interrupt { who: Option<Who>, at: Site },
    InterruptSome { who: Option<Who>, seed: u64 },
    ShortIo { who: Option<Who>, seed: u64 },
    Step { who: Who, after: Site, instructions: u32 },
}

/// The n-th call of a kind; with 0, each of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Site {
    pub(crate) call: CallName,
    pub(crate) nth: u32,
}

impl Plan {
    pub(crate) fn acts(&self) -> &[Act] {
        &self.acts
    }

    pub(crate) fn has(&self, act: &Act) -> bool {
        self.acts.contains(act)
    }

    /// Whether it has to do with stores to shared memory.
    pub(crate) fn has_stores(&self) -> bool {
        self.acts.iter().any(|act| {
            *act == Act::Stores
                || act.site().is_some_and(|at| at.call.is_store())
        })
    }

    /// Whether it may hold somebody.
    pub(crate) fn holds(&self) -> bool {
        self.acts.iter().any(|act| {
            matches!(
                act,
                Act::ChildFirst
                    | Act::ParentFirst
                    | Act::Hold { .. }
                    | Act::Step { .. }
            )
        })
    }
}

impl Act {
    /// Whether this act concerns that process.
    pub(crate) fn concerns(&self, process: &Who) -> bool {
        match self {
            Self::Hold { who, .. }
            | Self::Kill { who, .. }
            | Self::Step { who, .. } => who == process,
            Self::Fail { who, .. }
            | Self::Interrupt { who, .. }
            | Self::InterruptSome { who, .. }
            | Self::ShortIo { who, .. } => {
                who.as_ref().is_none_or(|who| who == process)
            }
            _ => true,
        }
    }

    /// Where it acts, if it names one place.
    pub(crate) fn site(&self) -> Option<&Site> {
        match self {
            Self::Hold { at, .. }
            | Self::Kill { at, .. }
            | Self::Fail { at, .. }
            | Self::Interrupt { at, .. }
            | Self::Step { after: at, .. } => Some(at),
            _ => None,
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nth {
            0 => write!(f, "every {}", self.call),
            nth => write!(f, "{} {nth}", self.call),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = |who: &Option<Who>| {
            who.as_ref().map_or_else(String::new, |who| format!("{who} "))
        };
        match self {
            Self::ChildFirst => f.write_str("child-first"),
            Self::ParentFirst => f.write_str("parent-first"),
            Self::NoSleep => f.write_str("no-sleep"),
            Self::OneCpu => f.write_str("one-cpu"),
            Self::RealTime => f.write_str("real-time"),
            Self::Stores => f.write_str("stores"),
            Self::Hold { who, at } => write!(f, "hold {who} at {at}"),
            Self::Kill { who, at, signal } => {
                write!(f, "kill {who} at {at} {}", names::signal(*signal))
            }
            Self::Fail { who, at, errno } => {
                let errno = Errno::from_raw(*errno);
                write!(f, "fail {}{at} {errno:?}", space(who))
            }
            Self::Interrupt { who, at } => {
                write!(f, "eintr {}{at}", space(who))
            }
            Self::InterruptSome { who, seed } => {
                write!(f, "eintr {}seed {seed}", space(who))
            }
            Self::ShortIo { who, seed } => {
                write!(f, "short-io {}seed {seed}", space(who))
            }
            Self::Step { who, after, instructions } => write!(
                f,
                "step {who} after {after}, {instructions} instructions, \
                 then hold"
            ),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, act) in self.acts.iter().enumerate() {
            let between = if place == 0 { "" } else { "; " };
            write!(f, "{between}{act}")?;
        }
        Ok(())
    }
}

impl FromStr for Plan {
    type Err = BadPlan;

    fn from_str(text: &str) -> Result<Self, BadPlan> {
        let acts = text
            .split([';', '\n'])
            .map(str::trim)
            .filter(|act| !act.is_empty())
            .map(read_act)
            .collect::<Result<Vec<_>, _>>()?;
        if acts.is_empty() {
            return Err(BadPlan("the plan is empty".to_owned()));
        }
        Ok(Self { acts })
    }
}

fn read_act(text: &str) -> Result<Act, BadPlan> {
    let spaced = text.replace(',', " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let act = match words.as_slice() {
        ["child-first"] => Ok(Act::ChildFirst),
        ["parent-first"] => Ok(Act::ParentFirst),
        ["no-sleep"] => Ok(Act::NoSleep),
        ["one-cpu"] => Ok(Act::OneCpu),
        ["real-time"] => Ok(Act::RealTime),
        ["stores"] => Ok(Act::Stores),
        ["hold", who, "at", "every", call] => who_of(who).and_then(|who| {
            let at = Site { call: CallName::read(call)?, nth: 0 };
            Ok(Act::Hold { who, at })
        }),
        ["hold", who, "at", call, nth] => who_of(who)
            .and_then(|who| Ok(Act::Hold { who, at: site(call, nth)? })),
        ["kill", who, "at", call, nth, signal] => kill(who, call, nth, signal),
        ["fail", call, nth, errno] => fail(None, call, nth, errno),
        ["fail", who, call, nth, errno] => fail(Some(who), call, nth, errno),
        ["short-io", "seed", seed] => short_io(None, seed),
        ["short-io", who, "seed", seed] => short_io(Some(who), seed),
        ["eintr", "seed", seed] => interrupt_some(None, seed),
        ["eintr", who, "seed", seed] => interrupt_some(Some(who), seed),
        ["eintr", call, nth] => interrupt(None, call, nth),
        ["eintr", who, call, nth] => interrupt(Some(who), call, nth),
        ["step", who, "after", call, nth, count, rest @ ..]
            if is_steps(rest) =>
        {
            step(who, call, nth, count)
        }
        [first, ..] => Err(match form_of(first) {
            Some(form) => format!("it has the form '{form}'"),
            None => format!("there is no act '{first}'"),
        }),
        [] => Err("it is empty".to_owned()),
    };
    act.map_err(|why| BadPlan(visible(&format!("'{text}': {why}"))))
}

/// A plan may come from a stranger's trace: no control character of it
/// reaches a terminal.
fn visible(text: &str) -> String {
    let show = |c: char| {
        if c.is_control() { c.escape_default().to_string() } else { c.into() }
    };
    text.chars().map(show).collect()
}

/// The form of an act, for who has got it wrong.
fn form_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "hold" => "hold WHO at CALL N, or hold WHO at every CALL",
        "kill" => "kill WHO at CALL N SIGNAL",
        "fail" => "fail [WHO] CALL N ERRNO",
        "short-io" => "short-io [WHO] seed N",
        "eintr" => "eintr [WHO] CALL N, or eintr [WHO] seed N",
        "step" => "step WHO after CALL N, K instructions, then hold",
        "child-first" | "parent-first" | "no-sleep" | "one-cpu"
        | "real-time" | "stores" => "one word",
        _ => return None,
    })
}

fn is_steps(rest: &[&str]) -> bool {
    matches!(
        rest,
        ["instruction" | "instructions"]
            | ["instruction" | "instructions", "then", "hold"]
    )
}

fn who_of(text: &str) -> Result<Who, String> {
    text.parse().map_err(|bad: trace::BadWho| bad.to_string())
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("'{text}' is no number that fits"))
}

fn count(text: &str) -> Result<u32, String> {
    match number(text)? {
        0 => Err("calls and instructions are counted from 1".to_owned()),
        count => Ok(count),
    }
}

fn site(call: &str, nth: &str) -> Result<Site, String> {
    Ok(Site { call: CallName::read(call)?, nth: count(nth)? })
}

/// A site that is a call in any case.
fn call_site(call: &str, nth: &str) -> Result<Site, String> {
    let at = site(call, nth)?;
    match at.call.is_store() {
        true => Err("one can only be held at a store".to_owned()),
        false => Ok(at),
    }
}

fn kill(who: &str, call: &str, nth: &str, signal: &str) -> Result<Act, String> {
    let number = match signal.parse::<Signal>() {
        Ok(signal) => signal as i32,
        Err(_) => return Err(format!("there is no signal '{signal}'")),
    };
    let at = call_site(call, nth)?;
    Ok(Act::Kill { who: who_of(who)?, at, signal: number })
}

fn fail(
    who: Option<&str>,
    call: &str,
    nth: &str,
    errno: &str,
) -> Result<Act, String> {
    let number = (1..134)
        .find(|number| format!("{:?}", Errno::from_raw(*number)) == errno)
        .ok_or_else(|| format!("there is no error '{errno}'"))?;
    let at = call_site(call, nth)?;
    if at.call.never_returns() {
        return Err(format!("{} cannot fail", at.call));
    }
    Ok(Act::Fail { who: who.map(who_of).transpose()?, at, errno: number })
}

fn short_io(who: Option<&str>, seed: &str) -> Result<Act, String> {
    let who = who.map(who_of).transpose()?;
    Ok(Act::ShortIo { who, seed: number(seed)? })
}

fn interrupt(who: Option<&str>, call: &str, nth: &str) -> Result<Act, String> {
    let who = who.map(who_of).transpose()?;
    Ok(Act::Interrupt { who, at: call_site(call, nth)? })
}

fn interrupt_some(who: Option<&str>, seed: &str) -> Result<Act, String> {
    let who = who.map(who_of).transpose()?;
    Ok(Act::InterruptSome { who, seed: number(seed)? })
}

fn step(
    who: &str,
    call: &str,
    nth: &str,
    instructions: &str,
) -> Result<Act, String> {
    let after = call_site(call, nth)?;
    if after.call.never_returns() {
        return Err(format!("{} does not return", after.call));
    }
    let instructions = count(instructions)?;
    Ok(Act::Step { who: who_of(who)?, after, instructions })
}

impl TryFrom<String> for Plan {
    type Error = BadPlan;

    fn try_from(text: String) -> Result<Self, BadPlan> {
        text.parse()
    }
}

impl From<Plan> for String {
    fn from(plan: Plan) -> Self {
        plan.to_string()
    }
}

impl fmt::Display for BadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadPlan {}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn a_plan_is_written_as_it_is_read() {
        for text in [
            "child-first",
            "parent-first; one-cpu",
            "hold A.1 at read 2; no-sleep; real-time",
            "hold A at every recvmsg",
            "hold A.1 at store 3; stores",
            "fail fork 2 EAGAIN",
            "fail A.1.3 openat 1 EMFILE",
            "short-io seed 7",
            "short-io A seed 18446744073709551615",
            "eintr A.1 read 1",
            "eintr seed 3",
            "kill A.1 at write 3 SIGKILL",
            "step A.1 after getppid 1, 5 instructions, then hold",
        ] {
            let plan: Plan = text.parse().unwrap();
            assert_eq!(plan.to_string(), text);
        }
        let loose =
            " hold  A at wait4 1 ;\n step A after read 1 2 instructions;";
        let plan: Plan = loose.parse().unwrap();
        let text = plan.to_string();
        assert!(text.ends_with("1, 2 instructions, then hold"), "{text}");
    }

    #[test]
    fn what_is_no_plan_is_refused_in_one_line() {
        for (text, why) in [
            ("", "empty"),
            (" ; ", "empty"),
            ("stop A", "no act 'stop'"),
            ("hold A.1 read 2", "hold WHO at CALL N"),
            ("hold B at read 2", "names no process"),
            ("hold A at red 2", "no call 'red'"),
            ("hold A at read 0", "counted from 1"),
            ("hold A at read -1", "no number"),
            ("fail fork 2 EFOO", "no error 'EFOO'"),
            ("fail exit 1 EAGAIN", "cannot fail"),
            ("kill A at read 1 SIGFOO", "no signal 'SIGFOO'"),
            ("short-io seed 99999999999999999999", "no number"),
            ("step A after exit_group 1, 2 instructions", "does not return"),
            ("no-sleep now", "one word"),
            ("\u{1b}[31m", "no act"),
        ] {
            let error = text.parse::<Plan>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains(['\n', '\u{1b}']), "{error:?}");
        }
    }
}
