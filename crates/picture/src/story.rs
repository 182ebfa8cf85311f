//! What a picture is drawn from: processes, channels, who did what to whom.

use std::collections::{BTreeMap, BTreeSet};

use trace::{Ending, Event, Header, Level, Who};

use crate::opened::Fifo;
use crate::order::Step;
use crate::plain::clean;
use crate::strand::{Strand, Thread};
use crate::{order, tell};

/// A run, ready to be drawn: the processes in the order of the fork tree, the
/// pipes and socketpairs between them, and every deed that others notice.
#[derive(Debug)]
pub struct Story {
    pub(crate) level: Level,
    pub(crate) because: Option<String>,
    pub(crate) command: Vec<String>,
    pub(crate) plan: Option<String>,
    /// Ordered by `who`, which is the fork tree read depth first.
    pub(crate) processes: Vec<Process>,
    /// All threads: those of the first process, those of the second …
    pub(crate) strands: Vec<Strand>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) holdings: Vec<Holding>,
    /// The deeds of step time, in the one order that every run shares.
    pub(crate) steps: Vec<Step>,
    /// Which signals were sent to whom; `None` is a process group.
    pub(crate) sent: BTreeSet<(String, Option<usize>)>,
    pub(crate) leftovers: Vec<(String, String)>,
    pub(crate) end_us: u64,
    pub(crate) events: u64,
}

/// An instant of a run.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Moment {
    /// The place of the event in the causal order.
    pub(crate) seq: u64,
    pub(crate) t_us: u64,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) who: Who,
    pub(crate) parent: Option<usize>,
    /// Who collects it: its parent, or who adopted it; `None` is outside.
    pub(crate) guardian: Option<usize>,
    pub(crate) children: Vec<usize>,
    pub(crate) depth: usize,
    pub(crate) pid: i32,
    /// The role it had last, without control characters.
    pub(crate) name: String,
    pub(crate) birth: Moment,
    pub(crate) end: Option<(Moment, Ending)>,
    pub(crate) collected: Option<(Moment, usize)>,
    /// Whether the kernel collected it by itself: it was no zombie.
    pub(crate) is_unwanted: bool,
    /// Whether its PID namespace ends with it.
    pub(crate) is_init: bool,
    /// Whether it could have gone on when a kill from outside ended it.
    pub(crate) is_moving: bool,
    /// Whether it ever set its alarm.
    pub(crate) has_alarm: bool,
    /// By signal: why the last that arrived was sent, if no process of the run
    /// sent it.
    pub(crate) arrived: BTreeMap<String, Option<String>>,
    /// The signal that it gets when its parent ends, if it asked for one.
    pub(crate) death_signal: Option<String>,
    /// The first one first, then by path. Never empty.
    pub(crate) threads: Vec<Thread>,
    /// The place of its first thread among the strands.
    pub(crate) first_strand: usize,
    pub(crate) spans: Vec<Span>,
    pub(crate) marks: Vec<Mark>,
    /// The ends that its end let go.
    pub(crate) held_at_end: Vec<Place>,
    /// Programs that had not the rights of their file, and the bit that says
    /// so.
    pub(crate) withheld: Vec<(String, String)>,
}

/// A stretch of time in which a process did not run.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) from_us: u64,
    pub(crate) until_us: u64,
    /// Its place among the process's threads.
    pub(crate) thread: usize,
    pub(crate) state: State,
}

#[derive(Debug)]
pub(crate) enum State {
    Blocked(Blocked),
    Stopped(String),
}

#[derive(Debug)]
pub(crate) struct Blocked {
    pub(crate) call: String,
    pub(crate) kind: String,
    pub(crate) place: Option<Place>,
    pub(crate) object: Option<String>,
    pub(crate) child: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) at: Moment,
    /// Its place among the process's threads.
    pub(crate) thread: usize,
    pub(crate) deed: Deed,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Deed {
    Create {
        child: usize,
        waits_for_exec: bool,
    },
    /// It started a thread of its process.
    Begin {
        thread: usize,
    },
    Exec {
        program: String,
    },
    ExecFailed {
        path: String,
        errno: String,
    },
    /// The observer did not let it make that call.
    Refused {
        call: String,
        errno: String,
        /// Whom or what outside of a contained run it would have reached.
        reaches: Option<String>,
    },
    Exit,
    Wait {
        child: usize,
        /// Whether it asked for this child; else another could have come.
        is_named: bool,
    },
    Send {
        signal: String,
        to: Option<usize>,
        is_group: bool,
    },
    Arrive {
        signal: String,
        from: usize,
    },
    /// Its last descriptor for this end is closed.
    LetGo {
        place: Place,
        by_exec: bool,
    },
    /// `bytes` of 0 is an end of file that was read.
    Io {
        place: Place,
        is_write: bool,
        bytes: u64,
        /// Of the whole call, which may be told in parts; `None` for all parts
        /// but the first.
        of: Option<u64>,
    },
    /// Step time: all that it moved through this end.
    Bytes {
        place: Place,
        is_write: bool,
        bytes: Option<u64>,
    },
    Make {
        channel: usize,
    },
    /// It opened a FIFO, which others may have opened before.
    Open {
        channel: usize,
    },
    /// Step time: where it was stuck until a kill ended it.
    Stuck {
        span: usize,
    },
    /// It wrote, and nobody could read.
    Broken {
        channel: usize,
    },
}

/// A pipe, a FIFO or a socketpair.
#[derive(Debug)]
pub(crate) struct Channel {
    /// A FIFO is one, with a name.
    pub(crate) is_pipe: bool,
    pub(crate) fifo: Option<Fifo>,
    /// `P1`, `F1`, `S1`.
    pub(crate) label: String,
    /// Whether one process alone ever held it, and nothing went through it:
    /// nobody else could notice it.
    pub(crate) is_private: bool,
}

/// One end of a channel.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    pub(crate) channel: usize,
    pub(crate) end: End,
}

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum End {
    Read,
    Write,
    /// The two sockets of a pair.
    First,
    Second,
}

impl Place {
    /// The end at which what is written here arrives.
    pub(crate) fn other(self) -> Self {
        let end = match self.end {
            End::Read => End::Write,
            End::Write => End::Read,
            End::First => End::Second,
            End::Second => End::First,
        };
        Self { end, ..self }
    }
}

/// A descriptor, from its making to its end.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) process: usize,
    pub(crate) fd: i32,
    pub(crate) place: Option<Place>,
    /// What it names, if it is no end of a channel of this run.
    pub(crate) object: String,
    pub(crate) from: Moment,
    pub(crate) until: Option<Moment>,
    /// Whether it was read, written or duplicated since the last exec.
    pub(crate) is_used: bool,
    pub(crate) kept_over_exec: Option<Moment>,
}

impl Process {
    /// One of which only its place in the tree is known.
    pub(crate) fn new(who: Who, parent: Option<usize>, depth: usize) -> Self {
        Self {
            who,
            parent,
            guardian: parent,
            children: Vec::new(),
            depth,
            pid: 0,
            name: String::new(),
            birth: Moment::default(),
            end: None,
            collected: None,
            is_unwanted: false,
            is_init: false,
            is_moving: false,
            has_alarm: false,
            arrived: BTreeMap::new(),
            death_signal: None,
            threads: vec![Thread::default()],
            first_strand: 0,
            spans: Vec::new(),
            marks: Vec::new(),
            held_at_end: Vec::new(),
            withheld: Vec::new(),
        }
    }
}

impl Story {
    /// Reads a trace.
    ///
    /// # Arguments
    /// `events` in causal order, as [`trace::Reader`] yields them. Events
    /// that make no sense together, as a hostile trace may hold, are drawn as
    /// far as they do.
    pub fn new(
        header: &Header,
        events: impl IntoIterator<Item = Event>,
    ) -> Self {
        let mut story = tell::tell(header, events.into_iter().collect());
        story.find_movers();
        order::number_and_sort(&mut story);
        story.stretch_hangs();
        story
    }

    /// A kill ends a wait a little before it ends the process: in between,
    /// nothing ran.
    fn stretch_hangs(&mut self) {
        for process in 0..self.processes.len() {
            let last = self.last_hang(process);
            let end = self.processes[process].end.as_ref();
            if let Some((last, (end, _))) = last.zip(end) {
                let end_us = end.t_us;
                self.processes[process].spans[last].until_us = end_us;
            }
        }
    }

    /// The wait of a first thread that only a kill ended.
    pub(crate) fn last_hang(&self, process: usize) -> Option<usize> {
        self.processes[process]
            .spans
            .iter()
            .rposition(|span| span.thread == 0 && self.is_stuck(process, span))
    }

    /// The descriptors that a process holds just after an event.
    ///
    /// # Arguments
    /// `seq` is the event's place in the trace, from 0.
    ///
    /// # Returns
    /// For each descriptor what it names: `P1 read end`, `S1.a`, a
    /// path.
    pub fn descriptors(&self, who: &Who, seq: u64) -> BTreeMap<i32, String> {
        let is_here = |held: &&Holding| {
            self.processes[held.process].who == *who
                && held.from.seq <= seq
                && held.until.is_none_or(|until| until.seq > seq)
        };
        self.holdings
            .iter()
            .filter(is_here)
            .map(|held| (held.fd, self.holds(held)))
            .collect()
    }

    pub(crate) fn holds(&self, held: &Holding) -> String {
        held.place.map_or_else(|| held.object.clone(), |p| self.place(p))
    }

    /// `P1 read end`, `S1.a`: the ends of a socketpair have no other names.
    pub(crate) fn place(&self, place: Place) -> String {
        let end = match place.end {
            End::Read => "read",
            End::Write => "write",
            End::First | End::Second => return self.place_short(place),
        };
        format!("{} {end} end", self.channels[place.channel].label)
    }

    /// `P1.r`, `S1.a`.
    pub(crate) fn place_short(&self, place: Place) -> String {
        let end = match place.end {
            End::Read => "r",
            End::Write => "w",
            End::First => "a",
            End::Second => "b",
        };
        format!("{}.{end}", self.channels[place.channel].label)
    }

    /// `A.1`.
    pub(crate) fn letter(&self, process: usize) -> String {
        self.processes[process].who.to_string()
    }

    /// `A.1 (receiver)`.
    pub(crate) fn title(&self, process: usize) -> String {
        let Process { who, name, .. } = &self.processes[process];
        if name.is_empty() {
            who.to_string()
        } else {
            format!("{who} ({name})")
        }
    }

    /// `exit 0`, `SIGTERM`, `ended`, or `still there` for a process without an end.
    pub(crate) fn ending(&self, process: usize) -> String {
        match &self.processes[process].end {
            Some((_, Ending::Code { code })) => format!("exit {code}"),
            Some((_, Ending::Signal { signal })) => clean(signal),
            Some((_, Ending::Unknown { .. })) => "ended".to_owned(),
            None => "still there".to_owned(),
        }
    }

    /// What a process waits for, in two words: `read P1`, `wait A.1`.
    pub(crate) fn waiting(&self, on: &Blocked) -> String {
        let verb = match on.kind.as_str() {
            "pipe-data" => "read",
            "pipe-room" => "write",
            "child" if on.child.is_none() => return "wait any".to_owned(),
            "child" => "wait",
            "signal" => return "await signal".to_owned(),
            "threads" => return "own threads".to_owned(),
            "socket" | "queue" | "other" | "fifo-peer" => on.call.as_str(),
            kind => kind,
        };
        let noun = match (on.place, on.child, &on.object) {
            (Some(place), ..) => self.channels[place.channel].label.clone(),
            (None, Some(child), _) => self.letter(child),
            (None, None, Some(object)) => base(object),
            _ => return clean(verb),
        };
        format!("{} {noun}", clean(verb))
    }

    /// When the last trace of a process went: its status was collected, or
    /// nobody was there to do so. `None` while it is alive.
    pub(crate) fn gone_us(&self, process: usize) -> Option<u64> {
        let me = &self.processes[process];
        let ended = me.end.as_ref()?.0;
        if let Some((collected, _)) = me.collected {
            return Some(collected.t_us.max(ended.t_us));
        }
        let guardian = me.guardian.map(|g| &self.processes[g]);
        let Some(guardian) =
            guardian.filter(|_| self.sees_waits() && !me.is_unwanted)
        else {
            return Some(ended.t_us);
        };
        match &guardian.end {
            Some((until, _)) => Some(until.t_us.max(ended.t_us)),
            None => Some(self.end_us.max(ended.t_us)),
        }
    }

    /// What the trace does not show of the run, in one sentence; `None` at
    /// level full, where each call that was refused has a notice of its own.
    pub fn reservation(&self) -> Option<String> {
        let because = self.because.as_ref();
        let because = because.map_or_else(String::new, |it| format!(" ({it})"));
        (self.level == Level::Light).then(|| {
            format!(
                "Observed at level light{because}: processes that lived for \
                 less than about 10 ms may be missing; waits, signals and \
                 bytes were not seen."
            )
        })
    }

    /// Whether a wait or a signal that is not in the trace did not happen.
    pub(crate) fn sees_waits(&self) -> bool {
        self.level == Level::Full
    }

    /// Whether some process of the run sent it the signal that killed it.
    pub(crate) fn is_killed_from_inside(&self, process: usize) -> bool {
        let Some((_, Ending::Signal { signal })) = &self.processes[process].end
        else {
            return false;
        };
        // A signal to a group went to nobody in particular.
        self.died_with(process).is_some()
            || [Some(process), None]
                .into_iter()
                .any(|to| self.sent.contains(&(signal.clone(), to)))
    }

    /// The first process of its PID namespace, if the kernel has killed it
    /// because that one had ended.
    pub(crate) fn died_with(&self, process: usize) -> Option<usize> {
        let Some((end, Ending::Signal { signal })) =
            &self.processes[process].end
        else {
            return None;
        };
        let above = |it: &usize| self.processes[*it].parent;
        let mut inits = std::iter::successors(above(&process), above)
            .filter(|it| self.processes[*it].is_init);
        let has_ended = |init: &usize| {
            let first = self.processes[*init].end.as_ref();
            first.is_some_and(|(first, _)| first.seq < end.seq)
        };
        inits.find(has_ended).filter(|_| signal == "SIGKILL")
    }

    /// Whether it was in this wait that nothing could end but the kill from
    /// outside.
    pub(crate) fn is_stuck(&self, process: usize, span: &Span) -> bool {
        !self.processes[process].is_moving && self.is_cut_short(process, span)
    }
}

/// The last part of a path, made fit to print.
pub(crate) fn base(path: &str) -> String {
    let cut = path.trim_end_matches('/').rsplit('/').next();
    clean(cut.filter(|part| !part.is_empty()).unwrap_or(path))
}

/// `0 us`, `18.2 ms`, `1.90 s`.
pub(crate) fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} us"),
        1_000..1_000_000 => {
            format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
        }
        _ => format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000),
    }
}
