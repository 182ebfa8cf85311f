//! What a task waits for, and who could end that wait.

use crate::proc::Object;

/// A kind of wait, finer than its word in the answer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Kind {
    PipeData,
    PipeRoom,
    /// Neither data nor room: only that the other side goes away.
    PipeHangup,
    FifoPeer,
    SocketData,
    SocketRoom,
    /// A pipe or socket pair of its own, of which the end that is written
    /// never waits: by it threads and handlers wake an event loop.
    SelfPipe,
    Accept,
    Connect,
    Child,
    Vfork,
    FileLock,
    /// A futex whose holder could be read from its word.
    Mutex,
    Semaphore,
    /// Memory that several processes may wait on.
    SharedFutex,
    /// Only threads of one process meet there.
    PrivateFutex,
    Signal,
    Stop,
    Message,
    MessageRoom,
    Poll,
    Eventfd,
    Process,
    /// The end of another thread of the same process.
    Thread,
    Sleep,
    Terminal,
    Network,
    /// Its cgroup is frozen.
    Frozen,
    /// A filter of seccomp(2) has somebody else answer the call.
    Answer,
    /// It touched memory that somebody else fills (userfaultfd).
    Fault,
    Other,
}

impl Kind {
    /// As the answer has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::PipeData => "pipe-data",
            Self::PipeRoom => "pipe-room",
            Self::PipeHangup => "pipe-hangup",
            Self::FifoPeer => "fifo-peer",
            Self::SocketData
            | Self::SocketRoom
            | Self::Accept
            | Self::Connect => "socket",
            Self::SelfPipe => "self-pipe",
            Self::Child => "child",
            Self::Vfork => "vfork",
            Self::FileLock => "lock",
            Self::Mutex | Self::SharedFutex | Self::PrivateFutex => "futex",
            Self::Semaphore => "semaphore",
            Self::Signal => "signal",
            Self::Stop => "stop",
            Self::Message | Self::MessageRoom => "queue",
            Self::Poll => "poll",
            Self::Eventfd => "eventfd",
            Self::Process => "process",
            Self::Thread => "thread",
            Self::Sleep => "sleep",
            Self::Terminal => "terminal",
            Self::Network => "network",
            Self::Frozen => "frozen",
            Self::Answer | Self::Fault | Self::Other => "other",
        }
    }
}

/// Somebody or something that could end a wait. Any one of them is enough.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Waker {
    /// This thread and no other.
    Task(usize),
    /// Any thread of this process.
    Process(usize),
    /// Whoever holds an object: a place in the scene's groups.
    Group(usize),
    /// Any process of the tree.
    Anybody,
    /// Anybody of the machine, by a name or a signal: nobody, if the tree is
    /// closed.
    Stranger,
    /// A process outside of the tree that holds the object.
    Outside,
    /// A process outside of the tree that may hold it: we may not look.
    /// Nobody, if the tree is closed.
    Unseen,
    /// Time, a terminal, the network, or what could not be read.
    Moves,
}

/// What could be found out beside the wait itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Evidence {
    /// The word in memory names a holder that is no more.
    DeadHolder(i32),
    /// Whoever used the semaphore last, in words; it has ended.
    LastUser(String),
    /// A private futex in memory that other processes share.
    PrivateButShared,
    /// The FIFO that is opened.
    Fifo(Object),
    /// The signals that would end the wait, and those that are pending.
    Signals { awaited: u64, pending: u64 },
}

/// A wait of one task.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) kind: Kind,
    pub(crate) object: Option<String>,
    pub(crate) fd: Option<i32>,
    pub(crate) wakers: Vec<Waker>,
    /// Who could end it too, though nobody would expect it: by resizing a
    /// pipe, by setting a timer. They are not named, but none of them may
    /// move if the wait is to be called stuck.
    pub(crate) others: Vec<Waker>,
    /// Of a set: any of them ends the wait.
    pub(crate) members: Vec<Wait>,
    pub(crate) evidence: Option<Evidence>,
    /// Signals that strangers may send, and that a handler awaits meanwhile.
    pub(crate) handled: u64,
}

impl Wait {
    pub(crate) fn new(kind: Kind, wakers: Vec<Waker>) -> Self {
        Self {
            kind,
            object: None,
            fd: None,
            wakers,
            others: Vec::new(),
            members: Vec::new(),
            evidence: None,
            handled: 0,
        }
    }

    /// A wait that counts as moving.
    pub(crate) fn moves(kind: Kind) -> Self {
        Self::new(kind, vec![Waker::Moves])
    }

    #[must_use]
    pub(crate) fn on(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    #[must_use]
    pub(crate) fn through(mut self, fd: i32) -> Self {
        self.fd = Some(fd);
        self
    }

    /// Also ended by these, who are not named.
    #[must_use]
    pub(crate) fn or(
        mut self,
        others: impl IntoIterator<Item = Waker>,
    ) -> Self {
        self.others.extend(others);
        self
    }

    #[must_use]
    pub(crate) fn knowing(mut self, evidence: Evidence) -> Self {
        self.evidence = Some(evidence);
        self
    }

    /// Every waker, with the kind of wait that it would end.
    pub(crate) fn all_wakers(&self) -> Vec<(Waker, Kind)> {
        let mut all: Vec<(Waker, Kind)> =
            self.wakers.iter().map(|waker| (*waker, self.kind)).collect();
        all.extend(self.members.iter().flat_map(Self::all_wakers));
        all
    }

    /// It and its members, each alone.
    pub(crate) fn each(&self) -> Vec<&Self> {
        let mut each = vec![self];
        each.extend(self.members.iter().flat_map(Self::each));
        each
    }
}
