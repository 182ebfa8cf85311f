//! The vocabulary: what a process can do that others notice.

use serde::{Deserialize, Serialize};

use crate::Who;

/// How much the observer could see.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every event, through ptrace(2) and seccomp(2).
    Full,
    /// Creations and endings, through /proc, pidfds and wait statuses.
    Light,
}

/// One line of a trace: who did what, when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the causal order, from 0, without gaps.
    pub seq: u64,
    /// Microseconds since the observer started the first process.
    pub t_us: u64,
    /// The process: the same in every run of the same program.
    pub who: Who,
    /// The process's id as the observer sees it.
    pub pid: i32,
    /// The id as the program itself sees it, where a namespace makes the two
    /// differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid_seen: Option<i32>,
    /// Its start time, field 22 of proc_pid_stat(5): with the pid it
    /// identifies the process, since pids are used again.
    pub start: u64,
    /// The thread, if it is not the process's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<i32>,
    /// Its role: the name that the program gave to itself
    /// (`PR_SET_NAME`), else the program's.
    pub name: String,
    /// What it did.
    #[serde(flatten)]
    pub what: What,
}

/// The name of a system call, `wait4`, as the man pages have it.
pub type Call = String;

/// A pipe, socket or file as the kernel names it: `pipe:[160151]`,
/// `socket:[160152]`, `/tmp/msg.txt`.
pub type Object = String;

/// What happened. A field `errno` names the error (`EAGAIN`) of a call that
/// failed; without it the call succeeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum What {
    /// fork, vfork, clone or posix_spawn made a process, or failed to.
    Create {
        /// Which of them.
        call: Call,
        /// The new process; `None` if the call failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child: Option<Who>,
        /// Its pid.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child_pid: Option<i32>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// A thread other than the process's first began: its first event. Or a
    /// thread ended before its process did, or with it: its last event. Of the
    /// first thread only an end is told, and only if others outlive it.
    Thread {
        /// At its beginning the path of its creation: the k-th thread that
        /// the first one creates is `k`, the j-th that this one creates is
        /// `k.j`. So it is the same in every run, which the `tid` is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        began: Option<String>,
    },
    /// execve or execveat replaced the program, or failed to.
    Exec {
        /// Whether the new program runs now.
        ok: bool,
        /// The file.
        path: String,
        /// Its arguments, `argv[0]` first; bytes that are no UTF-8 are
        /// replaced. Long lists are cut.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        args: Vec<String>,
        /// The descriptors above 2 that stayed open over it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept: Vec<Held>,
        /// `setuid`, `setgid` or `capabilities`: this of the file would have
        /// given the program other rights, had it not been observed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        withheld: Option<String>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// The process ended.
    Exit {
        /// By itself, or by which signal.
        #[serde(flatten)]
        how: Ending,
    },
    /// wait4 or waitid returned. A call that found nobody ready (`WNOHANG`)
    /// has neither child nor errno.
    Wait {
        /// Which of them.
        call: Call,
        /// The child whose state was collected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child: Option<Who>,
        /// Whether the call named this one child, so that no other could
        /// have come first.
        #[serde(default, skip_serializing_if = "is_false")]
        named: bool,
        /// What was learnt about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reached: Option<Reached>,
        /// Whether the child stays a zombie all the same (`WNOWAIT`).
        #[serde(default, skip_serializing_if = "is_false")]
        kept_zombie: bool,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
        /// When the call began.
        from_us: u64,
    },
    /// Its parent ended; somebody else is its parent now.
    Reparent {
        /// The new parent; `None` is somebody outside of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Who>,
    },
    /// A signal was sent by this process (`from` is `None`) or arrived at it.
    Signal {
        /// `SIGTERM`, `SIGRT3`.
        signal: String,
        /// To whom it was sent; `None` when this is the arrival, or when the
        /// receiver is outside of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Who>,
        /// The pid as the sender gave it: negative for a process group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_pid: Option<i32>,
        /// From whom it came; `None` when this is the sending, or when the
        /// kernel sent it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Who>,
        /// Whether this is the arrival.
        #[serde(default, skip_serializing_if = "is_false")]
        arrived: bool,
        /// At an arrival from nobody of the run, why it was sent, as
        /// sigaction(2) names it (`si_code`): `SI_USER` by somebody else,
        /// `SI_KERNEL`, `SI_TIMER`, `CLD_EXITED` … by the kernel. `None` also
        /// where the kernel sends it in the process's own name: SIGPIPE and
        /// SIGXFSZ.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// Why the sending failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// It changed which signals are blocked, or what a signal does.
    Mask {
        /// `rt_sigprocmask`, `rt_sigaction`.
        call: Call,
        /// `SIG_BLOCK`, `SIG_UNBLOCK`, `SIG_SETMASK`, or for rt_sigaction
        /// `default`, `ignore`, `handler`.
        how: String,
        /// The signals concerned.
        signals: Vec<String>,
    },
    /// It set the one alarm that a process has, or took it back: the kernel
    /// will send SIGALRM. A child does not inherit it; execve keeps it.
    Alarm {
        /// `alarm`, `setitimer`.
        call: Call,
        /// Microseconds until the signal; 0 takes the alarm back.
        after_us: u64,
        /// Microseconds between signals after the first; 0 is none.
        #[serde(default, skip_serializing_if = "is_zero")]
        every_us: u64,
    },
    /// It asked for a signal at the end of the thread that created it
    /// (`PR_SET_PDEATHSIG`), or took that back. A child does not inherit it;
    /// execve keeps it.
    Pdeathsig {
        /// Which; `None` is none any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<String>,
    },
    /// The process was stopped by a signal.
    Stop {
        /// `SIGSTOP`, `SIGTSTP`, `SIGTTIN` or `SIGTTOU`.
        signal: String,
    },
    /// A stopped process runs on.
    Continue,
    /// open, openat, creat, mq_open, memfd_create and others made a
    /// descriptor.
    Open {
        /// Which of them.
        call: Call,
        /// The path, as the program gave it.
        path: String,
        /// The descriptor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fd: Option<i32>,
        /// The pipe or socket that the descriptor names, where it does not
        /// stand in the path: `/dev/fd/63` names what descriptor 63 does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<Object>,
        /// `r`, `w` or `rw`, where it names a pipe or socket.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<String>,
        /// Whether exec closes it.
        #[serde(default, skip_serializing_if = "is_false")]
        cloexec: bool,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// A descriptor was closed, by close, close_range, or by exec.
    Close {
        /// The descriptor.
        fd: i32,
        /// What it named.
        object: Object,
        /// Whether exec did it.
        #[serde(default, skip_serializing_if = "is_false")]
        by_exec: bool,
    },
    /// dup, dup2, dup3 or F_DUPFD made a second descriptor for the same open
    /// file description.
    Dup {
        /// The descriptor that was there.
        from: i32,
        /// The new one.
        fd: i32,
        /// What both name.
        object: Object,
        /// Whether exec closes the new one.
        #[serde(default, skip_serializing_if = "is_false")]
        cloexec: bool,
    },
    /// pipe or pipe2 made a pipe.
    Pipe {
        /// The descriptor to read from.
        read_end: i32,
        /// The descriptor to write to.
        write_end: i32,
        /// The pipe.
        object: Object,
        /// Whether exec closes both.
        #[serde(default, skip_serializing_if = "is_false")]
        cloexec: bool,
    },
    /// socketpair made two connected sockets.
    Socketpair {
        /// The two descriptors.
        fds: [i32; 2],
        /// The sockets behind them.
        objects: [Object; 2],
        /// Whether exec closes both.
        #[serde(default, skip_serializing_if = "is_false")]
        cloexec: bool,
    },
    /// Bytes went through a pipe or a socket, or to a file that several
    /// processes may hold.
    Io {
        /// `read`, `writev`, `recvmsg` …
        call: Call,
        /// Whether bytes left this process.
        is_write: bool,
        /// The descriptor.
        fd: i32,
        /// What it names.
        object: Object,
        /// How many; a read of 0 is the end of file.
        #[serde(default)]
        bytes: u64,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
        /// When the call began.
        from_us: u64,
    },
    /// The process waited in the kernel; written when the wait is over.
    Block {
        /// In which call.
        call: Call,
        /// On what.
        on: WaitsFor,
        /// When it began.
        from_us: u64,
    },
    /// It changed how it, or another, is scheduled.
    Sched {
        /// `setpriority`, `sched_setaffinity`, `sched_setscheduler` …
        call: Call,
        /// What was asked for: `niceness 5`, `CPUs 0`.
        asked: String,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// What it used, known at its end.
    Cpu {
        /// Microseconds in the program.
        user_us: u64,
        /// Microseconds in the kernel.
        system_us: u64,
        /// Context switches because it waited; at level full each of its
        /// stops at the observer is one, too.
        voluntary: u64,
        /// Context switches because others should run.
        involuntary: u64,
        /// Whether the kernel collected it by itself, so that it was no
        /// zombie: its parent ignored SIGCHLD at this moment, or had set
        /// `SA_NOCLDWAIT`. Known at level full only.
        #[serde(default, skip_serializing_if = "is_false")]
        collected: bool,
    },
    /// It mapped memory that others may share.
    Map {
        /// What is mapped: a path, or `anonymous`.
        object: Object,
        /// The address.
        address: u64,
        /// Bytes.
        length: u64,
    },
    /// It changed a shared mapping; told where a plan asks for stores.
    Store {
        /// The address.
        address: u64,
        /// What stood there.
        before: u64,
        /// What stands there now.
        after: u64,
        /// How many bytes wide.
        #[serde(default)]
        bytes: u8,
        /// Whether it was made of what stood there, in one step that nobody
        /// can divide.
        #[serde(default, skip_serializing_if = "is_false")]
        is_atomic: bool,
        /// What had stood there when the process was held before the store,
        /// if others have changed it meanwhile.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<u64>,
    },
    /// It waited on a futex, or woke others.
    Futex {
        /// `wait`, `wake` …
        operation: String,
        /// The address of the word.
        address: u64,
        /// Whether only threads of this process can meet there.
        is_private: bool,
        /// How many were woken; `None` for a wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        woken: Option<u64>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// It took or gave back a file lock.
    Lock {
        /// `flock`, `fcntl`, `ofd`.
        kind: String,
        /// `exclusive`, `shared`, `unlock`.
        operation: String,
        /// The descriptor.
        fd: i32,
        /// The file.
        object: Object,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// It used a message queue, or removed its name.
    Mq {
        /// `mq_timedsend`, `mq_timedreceive`, `mq_unlink`.
        call: Call,
        /// The queue.
        object: Object,
        /// Bytes sent or received.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// It made or removed a name in shared memory, or a System V object.
    Shm {
        /// `unlink`, `shmget`, `semget`, `msgget` …
        call: Call,
        /// The name or key.
        object: Object,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<String>,
    },
    /// The observer refused a call that might have succeeded without it: it
    /// could not have seen what follows, or traces the process itself, or the
    /// run is contained and the call reaches out of it. clone3(2), which
    /// always fails with ENOSYS, is told only where its thread does not call
    /// clone(2) next, as every C library does.
    Refuse {
        /// The call; `every call of its architecture` at the exec of a
        /// program that is not for this machine's.
        call: Call,
        /// What the call returned.
        errno: String,
        /// Whom or what outside of a contained run it would have reached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reaches: Option<String>,
    },
    /// Something was left behind when the first process ended.
    Leftover {
        /// `process`, `zombie`, `file`, `queue`, `shared memory`.
        kind: String,
        /// Its name.
        object: Object,
    },
}

/// How a process ended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ending {
    /// It called exit.
    Code {
        /// The exit code, 0 to 255.
        code: u8,
    },
    /// A signal killed it.
    Signal {
        /// `SIGKILL`.
        signal: String,
    },
    /// Nobody could tell: only at level light, where the parent alone learns
    /// it.
    Unknown {
        /// Always true.
        unknown: bool,
    },
}

/// What a parent learnt of its child.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reached {
    /// It ended.
    Ended(Ending),
    /// It is stopped.
    Stopped {
        /// By this signal.
        stopped: String,
    },
    /// It runs again.
    Continued {
        /// Always true.
        continued: bool,
    },
}

/// What a process waits for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct WaitsFor {
    /// `pipe-data`, `pipe-room`, `socket`, `child`, `lock`, `futex`, `sleep`,
    /// `signal`, `poll`, `terminal`, `queue`, `fifo-peer`, `vfork`, `other`.
    /// In a perturbed run also `plan` (an act of the plan concerned this
    /// call; the object is the act), and `polling` or `spinning` (it was
    /// found to ask again and again, or to compute without a call, while
    /// others were held). In a run that was ended at a limit also `limit` (it
    /// was the larger part of what reached it), and `cpu` (so long it was ready
    /// to run, and no CPU was free; a sum, not one span).
    pub kind: String,
    /// The pipe, file or socket, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// The descriptor, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<i32>,
    /// The child, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<Who>,
}

/// A descriptor that a process holds.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Its number.
    pub fd: i32,
    /// What it names.
    pub object: Object,
    /// `r`, `w` or `rw`.
    pub mode: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
