//! What is said: the object that `--json` prints, and its words.

use std::fmt;

use serde::{Deserialize, Serialize};
use trace::Who;

use crate::plain::escaped;

/// The version of the answer's form.
pub const VERSION: u32 = 1;

/// Why a tree does not move, or that it does.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Of the form: [`VERSION`].
    pub version: u32,
    /// About the whole tree.
    pub verdict: Verdict,
    /// What the kernel let us read.
    pub basis: Basis,
    /// The root causes, each once.
    pub causes: Vec<Cause>,
    /// The first ring of waits, closed: its first process stands also last.
    /// Empty where there is none.
    pub cycle: Vec<Who>,
    /// Every process of the tree, zombies included, in the order of `who`.
    pub processes: Vec<Process>,
    /// The same in sentences: the processes first, then the causes.
    pub says: Vec<String>,
    /// Whether it moves only as long as somebody outside may help: nothing
    /// of the tree goes on by itself. Then the sentence that begins with
    /// [`RESTS`](crate::RESTS) says who, and those behind it what is wrong if
    /// nobody does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rests: bool,
    /// What would end a wait of the stuck after all, and could not be ruled
    /// out: the verdict holds unless it is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<Unless>,
}

impl Answer {
    /// As JSON, in one line, with nothing in it that a terminal would obey or
    /// hide.
    ///
    /// # Errors
    /// None that is known: the answer has no map whose keys are not text.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self).map(|json| escaped(&json))
    }

    /// About a tree of which no process is left.
    pub fn finished() -> Self {
        Self {
            version: VERSION,
            verdict: Verdict::Finished,
            rests: false,
            unless: Vec::new(),
            basis: Basis::Syscall,
            causes: Vec::new(),
            cycle: Vec::new(),
            processes: Vec::new(),
            says: vec!["Every process of the tree has ended.".to_owned()],
        }
    }
}

/// Whether the tree can still go on by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every process waits for what cannot come.
    Stuck,
    /// Something moves, or may be moved from outside, or could not be read.
    Moving,
    /// No process of the tree is left.
    Finished,
}

/// What the kernel tells nobody.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unless {
    /// A process has set an alarm(2) or setitimer(2), whose signal would end
    /// it, and did so unobserved.
    Alarm,
    /// A memory cgroup of version 1 raises an eventfd for which somebody
    /// waits: `cgroup.event_control`.
    Cgroup,
    /// A pipe is older than it looks, and somebody has it whom we may not
    /// look into: before Linux 6.15.
    Age,
}

/// From what the waits are known.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// `/proc/PID/syscall`: the call and its arguments.
    Syscall,
    /// `/proc/PID/wchan` for at least one process: only the kind of wait.
    Wchan,
}

/// A root cause: what is wrong, not what follows from it.
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Somebody waits for an end of file that cannot come.
    WriteEndOpen,
    /// A ring of processes that read from, or write to, each other's pipes.
    PipeCycle,
    /// A ring of locks.
    LockCycle,
    /// Somebody waits for a lock that it holds itself.
    SelfLock,
    /// Whoever held the lock has ended without giving it back.
    LockHolderDead,
    /// Somebody waits for a process that is stopped.
    WaitsForStopped,
    /// Nobody is left who would send the signal.
    SignalNeverComes,
    /// A FIFO or socket without its other side.
    NoPeer,
    /// Nobody is left who would send a message, or raise a counter.
    QueueEmpty,
    /// Nobody is left who would take a message.
    QueueFull,
    /// A waiter that no other process can wake.
    PrivateFutex,
    /// Any other ring of waits.
    WaitCycle,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WriteEndOpen => "write-end-open",
            Self::PipeCycle => "pipe-cycle",
            Self::LockCycle => "lock-cycle",
            Self::SelfLock => "self-lock",
            Self::LockHolderDead => "lock-holder-dead",
            Self::WaitsForStopped => "waits-for-stopped",
            Self::SignalNeverComes => "signal-never-comes",
            Self::NoPeer => "no-peer",
            Self::QueueEmpty => "queue-empty",
            Self::QueueFull => "queue-full",
            Self::PrivateFutex => "private-futex",
            Self::WaitCycle => "wait-cycle",
        })
    }
}

/// A process of the tree.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// The path of creation.
    pub who: Who,
    /// Its role: the thread name that the program set, else the program's.
    pub name: String,
    /// Its pid.
    pub pid: i32,
    /// The letter of its state, field 3 of `proc_pid_stat(5)`.
    pub state: String,
    /// The system call in which it waits, if that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// On what; of the first thread, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsFor>,
    /// The other threads and their waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<Thread>,
    /// Whether it is proved that nobody will wake any of its threads.
    pub stuck: bool,
}

/// A thread that is not its process's first.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Its id.
    pub tid: i32,
    /// Its name.
    pub name: String,
    /// The letter of its state.
    pub state: String,
    /// The system call in which it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// On what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsFor>,
    /// Whether it is proved that nobody will wake it.
    pub stuck: bool,
}

/// On what a task waits, and who could end that.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct WaitsFor {
    /// `pipe-data`, `pipe-room`, `pipe-hangup`, `fifo-peer`, `socket`, `child`, `vfork`,
    /// `lock`, `futex`, `semaphore`, `signal`, `stop`, `queue`, `poll`,
    /// `self-pipe`, `eventfd`, `process`, `sleep`, `terminal`, `network`, `other`.
    pub kind: String,
    /// The pipe, file, socket, lock or process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The descriptor through which it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<i32>,
    /// Who could wake it: at most [`SHOWN`] of them.
    pub holders: Vec<Holder>,
    /// Whether somebody outside of the tree could wake it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
    /// The members of a set, where it waits for any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<WaitsFor>,
}

/// As many holders are listed.
pub const SHOWN: usize = 16;

/// Somebody who could end a wait.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// Its path of creation; `outside` if it is not of the tree.
    pub who: String,
    /// Its pid.
    pub pid: i32,
    /// The descriptor by which it holds the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<i32>,
    /// The thread, where it must be this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<i32>,
}
