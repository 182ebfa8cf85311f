//! Which processes, and which events of a trace, `expect.toml` speaks of.

use serde::Deserialize;
use trace::{Ending, Event, What, Who};

/// Some of a run's processes: `A.1`; `A.*`, each child of A; `A.**`, all that
/// come of A without A itself; `*`, everybody.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Processes {
    text: String,
    whom: Whom,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Whom {
    One(Who),
    ChildrenOf(Who),
    AllBelow(Who),
    Everybody,
}

impl TryFrom<String> for Processes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let who = |text: &str| {
            text.parse().map_err(|bad: trace::BadWho| {
                format!("{bad}; or A.*, its children, A.**, all below it, *")
            })
        };
        let whom = if text == "*" {
            Whom::Everybody
        } else if let Some(of) = text.strip_suffix(".**") {
            Whom::AllBelow(who(of)?)
        } else if let Some(of) = text.strip_suffix(".*") {
            Whom::ChildrenOf(who(of)?)
        } else {
            Whom::One(who(&text)?)
        };
        Ok(Self { text, whom })
    }
}

impl Processes {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether these are all.
    pub fn is_everybody(&self) -> bool {
        self.whom == Whom::Everybody
    }

    /// Whether this process is one of them.
    pub fn hold(&self, who: &Who) -> bool {
        match &self.whom {
            Whom::One(one) => who == one,
            Whom::ChildrenOf(of) => who.parent().as_ref() == Some(of),
            Whom::AllBelow(of) => {
                std::iter::successors(who.parent(), Who::parent)
                    .any(|above| above == *of)
            }
            Whom::Everybody => true,
        }
    }
}

/// Some events: who, what, and on what: `A.1 close out.txt`, `A signal
/// SIGTERM`, `A.* setpriority`.
///
/// The second word is an event of a trace (`create`, `exec`, `exit`, `wait`,
/// `signal`, `stop`, `continue`, `open`, `close`, `dup`, `pipe`,
/// `socketpair`, `read`, `write`, `lock`, `unlock`, `map`, `store`, `futex`, `mq`,
/// `shm`, `sched`, `mask`, `block`), or the name of a system call that a
/// trace tells of. Only what succeeded counts.
///
/// The third, which may be left out, is `stdin`, `stdout`, `stderr`, a
/// signal, a program's or a file's name, or what the event is about.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Events {
    text: String,
    who: Processes,
    verb: String,
    object: Option<String>,
}

const VERBS: &[&str] = &[
    "create",
    "exec",
    "exit",
    "wait",
    "signal",
    "stop",
    "continue",
    "open",
    "close",
    "dup",
    "pipe",
    "socketpair",
    "read",
    "write",
    "lock",
    "unlock",
    "map",
    "store",
    "futex",
    "mq",
    "shm",
    "sched",
    "mask",
    "block",
];

impl TryFrom<String> for Events {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let form = || format!("'{text}': WHO EVENT [OBJECT], as 'A.1 exec'");
        let who =
            Processes::try_from(words.next().ok_or_else(form)?.to_owned())
                .map_err(|bad| format!("'{text}': {bad}"))?;
        let verb = words.next().ok_or_else(form)?.to_owned();
        let is_call = format!("hold A at {verb} 1").parse::<observer::Plan>();
        if !VERBS.contains(&verb.as_str()) && is_call.is_err() {
            return Err(format!(
                "'{text}': '{verb}' is neither a system call nor one of {}",
                VERBS.join(" ")
            ));
        }
        let object = words.next().map(str::to_owned);
        if words.next().is_some() {
            return Err(form());
        }
        Ok(Self { text, who, verb, object })
    }
}

/// What the run's three streams are called in its trace.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    /// Standard input.
    pub stdin: String,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Events {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Without whose they are: `exec nice`.
    pub fn deed(&self) -> String {
        let verb = match self.verb.as_str() {
            "sched" => "setpriority, or the like",
            verb => verb,
        };
        match &self.object {
            Some(object) => format!("{verb} {object}"),
            None => verb.to_owned(),
        }
    }

    /// Whose events these are.
    pub fn who(&self) -> &Processes {
        &self.who
    }

    /// Whether this event is one of them.
    pub fn hold(&self, event: &Event, streams: &Streams) -> bool {
        if !self.who.hold(&event.who) {
            return false;
        }
        let Some(told) = Told::of(&event.what) else { return false };
        let is_right = told.verb == self.verb || told.call == self.verb;
        is_right
            && self
                .object
                .as_deref()
                .is_none_or(|wanted| told.is_about(wanted, streams))
    }
}

/// An event that succeeded, in the words of a selector.
struct Told<'a> {
    verb: &'a str,
    call: &'a str,
    objects: Vec<String>,
}

impl<'a> Told<'a> {
    fn of(what: &'a What) -> Option<Self> {
        let told = |verb, call, objects| Some(Self { verb, call, objects });
        match what {
            What::Create { call, child: Some(child), .. } => {
                told("create", call, vec![child.to_string()])
            }
            What::Exec { ok: true, path, .. } => {
                told("exec", "execve", vec![path.clone()])
            }
            What::Exit { how } => told("exit", "exit", vec![ending(how)]),
            What::Wait { call, child: Some(child), .. } => {
                told("wait", call, vec![child.to_string()])
            }
            What::Signal { signal, arrived: false, errno: None, .. } => {
                told("signal", "kill", vec![signal.clone()])
            }
            What::Stop { signal } => told("stop", "", vec![signal.clone()]),
            What::Continue => told("continue", "", Vec::new()),
            What::Open { call, path, errno: None, .. } => {
                told("open", call, vec![path.clone()])
            }
            What::Close { object, .. } => {
                told("close", "close", vec![object.clone()])
            }
            What::Dup { object, .. } => told("dup", "", vec![object.clone()]),
            What::Pipe { object, .. } => told("pipe", "", vec![object.clone()]),
            What::Socketpair { objects, .. } => {
                told("socketpair", "", objects.to_vec())
            }
            What::Mask { call, how, signals } => {
                let mut objects = signals.clone();
                objects.push(how.clone());
                told("mask", call, objects)
            }
            what => Self::of_transfer(what),
        }
    }

    fn of_transfer(what: &'a What) -> Option<Self> {
        let told = |verb, call, objects| Some(Self { verb, call, objects });
        match what {
            What::Io { call, is_write, object, errno: None, .. } => {
                let verb = if *is_write { "write" } else { "read" };
                told(verb, call, vec![object.clone()])
            }
            What::Lock { kind, operation, object, errno: None, .. } => {
                let is_unlock = operation == "unlock";
                let verb = if is_unlock { "unlock" } else { "lock" };
                told(verb, kind, vec![object.clone(), operation.clone()])
            }
            What::Map { object, .. } => {
                told("map", "mmap", vec![object.clone()])
            }
            What::Store { .. } => told("store", "", Vec::new()),
            What::Futex { operation, errno: None, .. } => {
                told("futex", "futex", vec![operation.clone()])
            }
            What::Mq { call, object, errno: None, .. } => {
                told("mq", call, vec![object.clone()])
            }
            What::Shm { call, object, errno: None } => {
                told("shm", call, vec![object.clone()])
            }
            What::Sched { call, asked, errno: None } => {
                told("sched", call, vec![asked.clone()])
            }
            What::Block { call, on, .. } if on.kind != "plan" => {
                let mut objects = vec![on.kind.clone()];
                objects.extend(on.object.clone());
                told("block", call, objects)
            }
            _ => None,
        }
    }

    fn is_about(&self, wanted: &str, streams: &Streams) -> bool {
        let stream = match wanted {
            "stdin" => Some(&streams.stdin),
            "stdout" => Some(&streams.stdout),
            "stderr" => Some(&streams.stderr),
            _ => None,
        };
        self.objects.iter().any(|object| match stream {
            Some(stream) => object == stream,
            None => object == wanted || name_of(object) == wanted,
        })
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// An ending as a selector and a sentence name it: `0`, `SIGKILL`.
pub(crate) fn ending(how: &Ending) -> String {
    match how {
        Ending::Code { code } => code.to_string(),
        Ending::Signal { signal } => signal.clone(),
        Ending::Unknown { .. } => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Events, Processes};

    fn processes(text: &str) -> Processes {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn a_selector_names_processes() {
        for (text, who, is_one) in [
            ("A.1", "A.1", true),
            ("A.1", "A", false),
            ("A.*", "A.3", true),
            ("A.*", "A.3.1", false),
            ("A.**", "A.3.1", true),
            ("A.**", "A", false),
            ("*", "A", true),
        ] {
            let who = who.parse().unwrap();
            assert_eq!(processes(text).hold(&who), is_one, "{text} {who}");
        }
    }

    #[test]
    fn what_selects_no_event_is_refused() {
        for (text, why) in [
            ("A.1", "WHO EVENT [OBJECT]"),
            ("B exec", "names no process"),
            ("A exce", "neither a system call"),
            ("A exec a b", "WHO EVENT [OBJECT]"),
        ] {
            let error = Events::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        for text in ["A.* setpriority", "A signal SIGTERM", "* exec"] {
            Events::try_from(text.to_owned()).unwrap();
        }
    }
}
