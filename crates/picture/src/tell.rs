//! From events to a story.

use std::collections::{BTreeMap, BTreeSet};

use trace::{Ending, Event, Header, Held, Reached, WaitsFor, What, Who};

use crate::plain::clean;
use crate::story::{
    Blocked, Channel, Deed, End, Mark, Moment, Place, Process, Span, State,
    Story, base,
};
use crate::strand::Threads;
use crate::table::{Tables, Target};

pub(crate) fn tell(header: &Header, events: Vec<Event>) -> Story {
    let mut teller = Teller::new(header, &events);
    for (seq, event) in (0..).zip(events) {
        teller.event(seq, event);
    }
    let mut story = teller.story;
    for process in &mut story.processes {
        process.marks.sort_by_key(|mark| mark.at.seq);
    }
    story.find_strands();
    story
}

pub(crate) struct Teller {
    pub(crate) story: Story,
    index: BTreeMap<Who, usize>,
    pub(crate) tables: Tables,
    is_born: Vec<bool>,
    threads: Threads,
    /// By process and thread: its last read or write, and the mark of it.
    calls: BTreeMap<(usize, usize), (Call, usize)>,
}

/// Of a read or write: the end, whether it writes, and when it began.
type Call = (Place, bool, u64);

impl Teller {
    fn new(header: &Header, events: &[Event]) -> Self {
        let mut all = BTreeSet::new();
        for event in events {
            all.insert(&event.who);
            if let What::Create { child: Some(child), .. } = &event.what {
                all.insert(child);
            }
        }
        let index: BTreeMap<Who, usize> =
            all.into_iter().cloned().zip(0..).collect();
        let mut processes: Vec<Process> = Vec::with_capacity(index.len());
        for (who, me) in &index {
            let parent = who.parent().and_then(|p| index.get(&p)).copied();
            if let Some(parent) = parent {
                processes[parent].children.push(*me);
            }
            let depth = parent.map_or(0, |p| processes[p].depth + 1);
            processes.push(Process::new(who.clone(), parent, depth));
        }
        let count = processes.len();
        let story = Story {
            level: header.level,
            because: header.because.as_deref().map(clean),
            command: header.command.iter().map(|part| clean(part)).collect(),
            plan: header.plan.as_deref().map(clean),
            processes,
            strands: Vec::new(),
            channels: Vec::new(),
            holdings: Vec::new(),
            steps: Vec::new(),
            sent: BTreeSet::new(),
            leftovers: Vec::new(),
            end_us: 0,
            events: events.len() as u64,
        };
        let tables = Tables::new(count);
        let threads = Threads::new(count);
        let (is_born, calls) = (vec![false; count], BTreeMap::new());
        Self { story, index, tables, is_born, threads, calls }
    }

    fn event(&mut self, seq: u64, event: Event) {
        let Some(&me) = self.index.get(&event.who) else { return };
        let at = Moment { seq, t_us: event.t_us };
        self.story.end_us = self.story.end_us.max(event.t_us);
        let process = &mut self.story.processes[me];
        if !self.is_born[me] {
            self.is_born[me] = true;
            process.birth = at;
        }
        process.pid = event.pid;
        process.is_init = event.pid_seen == Some(1);
        // A thread has a name of its own.
        if event.tid.is_none() && !event.name.is_empty() {
            process.name = clean(&event.name);
        }
        self.tables.thread =
            self.threads.event(process, me, event.tid, at, &event.what);
        self.lifecycle(me, at, event.what);
    }

    fn lifecycle(&mut self, me: usize, at: Moment, what: What) {
        match what {
            What::Create { call, child: Some(child), child_pid, .. } => {
                self.create(me, at, &call, &child, child_pid);
            }
            What::Exec { .. } => self.exec(me, at, what),
            What::Exit { how } => self.exit(me, at, how),
            What::Wait {
                child: Some(child),
                named: is_named,
                reached: Some(Reached::Ended(_)),
                kept_zombie: false,
                ..
            } => {
                let Some(&child) = self.index.get(&child) else { return };
                self.story.processes[child].collected = Some((at, me));
                self.mark(me, at, Deed::Wait { child, is_named });
            }
            What::Reparent { to } => self.reparent(me, to.as_ref()),
            What::Stop { .. } | What::Continue | What::Block { .. } => {
                self.rest(me, at, what);
            }
            What::Signal { .. } => self.signal(me, at, what),
            What::Alarm { after_us, .. } => {
                self.story.processes[me].has_alarm |= after_us > 0;
            }
            What::Pdeathsig { signal } => {
                self.story.processes[me].death_signal =
                    signal.map(|it| clean(&it));
            }
            What::Refuse { call, errno, reaches } => {
                let (call, errno) = (clean(&call), clean(&errno));
                let reaches = reaches.map(|it| clean(&it));
                self.mark(me, at, Deed::Refused { call, errno, reaches });
            }
            What::Cpu { collected, .. } => {
                self.story.processes[me].is_unwanted = collected;
            }
            other => self.descriptor(me, at, other),
        }
    }

    fn exit(&mut self, me: usize, at: Moment, how: Ending) {
        let held = self.tables.exit(&mut self.story, me, at);
        let process = &mut self.story.processes[me];
        process.held_at_end = held;
        process.end = Some((at, how));
        self.tables.thread = 0;
        self.mark(me, at, Deed::Exit);
    }

    fn reparent(&mut self, me: usize, to: Option<&Who>) {
        let to = to.and_then(|to| self.index.get(to).copied());
        let process = &mut self.story.processes[me];
        // A zombie that nobody of the run inherits lay until its parent
        // ended, who did not collect it.
        if process.end.is_none() || to.is_some() {
            process.guardian = to;
        }
    }

    fn exec(&mut self, me: usize, at: Moment, what: What) {
        let What::Exec { ok, path, kept, withheld, errno, .. } = what else {
            return;
        };
        if !ok {
            let errno = clean(&errno.unwrap_or_default());
            let path = clean(&path);
            self.mark(me, at, Deed::ExecFailed { path, errno });
            return;
        }
        if let Some(bit) = withheld {
            let withheld = &mut self.story.processes[me].withheld;
            withheld.push((clean(&path), clean(&bit)));
        }
        // Whether exec closes a descriptor can change, and no event says so.
        for held in &kept {
            self.tables.keep(me, held.fd);
            self.adopt(me, at, held);
        }
        self.tables.exec(&mut self.story, me, at);
        self.mark(me, at, Deed::Exec { program: base(&path) });
    }

    fn create(
        &mut self,
        me: usize,
        at: Moment,
        call: &str,
        child: &Who,
        child_pid: Option<i32>,
    ) {
        let Some(&child) = self.index.get(child) else { return };
        if child == me {
            return;
        }
        self.tables.inherit(&mut self.story, me, child, at);
        let name = self.story.processes[me].name.clone();
        let process = &mut self.story.processes[child];
        if !self.is_born[child] {
            self.is_born[child] = true;
            process.birth = at;
            process.pid = child_pid.unwrap_or_default();
            process.name = name;
        }
        let waits_for_exec = call == "vfork" || call == "posix_spawn";
        self.mark(me, at, Deed::Create { child, waits_for_exec });
    }

    fn signal(&mut self, me: usize, at: Moment, what: What) {
        if let What::Signal { signal, code, arrived: true, .. } = &what {
            let code = code.as_deref().map(clean);
            let arrived = &mut self.story.processes[me].arrived;
            arrived.insert(clean(signal), code);
        }
        match what {
            What::Signal {
                signal, from: Some(from), arrived: true, ..
            } => {
                let Some(&from) = self.index.get(&from) else { return };
                let signal = clean(&signal);
                self.mark(me, at, Deed::Arrive { signal, from });
            }
            What::Signal {
                signal, to, to_pid, arrived: false, errno, ..
            } => {
                // kill(pid, 0) only asks.
                if errno.is_some() || !signal.starts_with("SIG") {
                    return;
                }
                let to = to.and_then(|to| self.index.get(&to).copied());
                let is_group =
                    to.is_none() && to_pid.is_some_and(|pid| pid <= 0);
                let signal = clean(&signal);
                if to.is_some() || is_group {
                    self.story.sent.insert((signal.clone(), to));
                }
                self.mark(me, at, Deed::Send { signal, to, is_group });
            }
            _ => {}
        }
    }

    fn rest(&mut self, me: usize, at: Moment, what: What) {
        let until_us = at.t_us;
        let thread = self.tables.thread;
        let spans = &mut self.story.processes[me].spans;
        match what {
            What::Stop { signal } => spans.push(Span {
                from_us: at.t_us,
                until_us: u64::MAX, // until the Continue, or its end
                thread: 0,
                state: State::Stopped(clean(&signal)),
            }),
            What::Continue => {
                let open = spans.iter_mut().rev().find(|span| {
                    span.until_us == u64::MAX
                        && matches!(span.state, State::Stopped(_))
                });
                if let Some(span) = open {
                    span.until_us = until_us;
                }
            }
            // Who was at a limit did not wait; who waited for a CPU did so in
            // between.
            What::Block { on, .. } if matches!(&*on.kind, "limit" | "cpu") => {}
            What::Block { call, on, from_us } => {
                let state = State::Blocked(self.blocked(me, call, on));
                let from_us = from_us.min(until_us);
                let span = Span { from_us, until_us, thread, state };
                self.story.processes[me].spans.push(span);
            }
            _ => {}
        }
    }

    fn blocked(&self, me: usize, call: String, on: WaitsFor) -> Blocked {
        let is_write = on.kind == "pipe-room";
        let place = on
            .object
            .as_ref()
            .and_then(|object| self.tables.find(object, is_write))
            .or_else(|| self.tables.place(&self.story, me, on.fd?));
        let child = on.child.and_then(|child| self.index.get(&child).copied());
        Blocked { call, kind: on.kind, place, object: on.object, child }
    }

    fn descriptor(&mut self, me: usize, at: Moment, what: What) {
        let story = &mut self.story;
        match what {
            What::Open { .. } => self.open(me, at, what),
            What::Close { fd, by_exec, .. } => {
                self.tables.close(story, me, fd, at, by_exec);
            }
            What::Dup { from, fd, object, cloexec } => {
                // dup2(fd, fd) does nothing.
                if from == fd {
                    return;
                }
                self.tables.used(story, me, from);
                let place = self.tables.place(story, me, from);
                let to = Target { place, object: &object, is_cloexec: cloexec };
                self.tables.open(story, me, fd, &to, at);
            }
            What::Pipe { read_end, write_end, object, cloexec } => {
                let ends = [(read_end, End::Read), (write_end, End::Write)];
                let objects = [object.clone(), object];
                self.channel(me, at, ends, &objects, cloexec);
            }
            What::Socketpair { fds: [a, b], objects, cloexec } => {
                let ends = [(a, End::First), (b, End::Second)];
                self.channel(me, at, ends, &objects, cloexec);
            }
            What::Io { .. } => self.io(me, at, what),
            What::Leftover { kind, object } => {
                story.leftovers.push((clean(&kind), clean(&object)));
            }
            _ => {}
        }
    }

    fn channel(
        &mut self,
        me: usize,
        at: Moment,
        ends: [(i32, End); 2],
        objects: &[String; 2],
        is_cloexec: bool,
    ) {
        let channel = self.story.channels.len();
        self.story.channels.push(Channel {
            is_pipe: ends[0].1 == End::Read,
            fifo: None,
            label: String::new(),
            is_private: false,
        });
        for ((fd, end), object) in ends.into_iter().zip(objects) {
            let place = Place { channel, end };
            self.tables.name(object, place);
            let to = Target { place: Some(place), object, is_cloexec };
            self.tables.open(&mut self.story, me, fd, &to, at);
        }
        self.mark(me, at, Deed::Make { channel });
    }

    fn io(&mut self, me: usize, at: Moment, what: What) {
        let What::Io { is_write, fd, object, bytes, errno, from_us, .. } = what
        else {
            return;
        };
        let Some(place) = self.tables.find(&object, is_write) else { return };
        if self.tables.place(&self.story, me, fd).is_none() {
            // It came by a way that the trace does not show, as a message
            // over a socket.
            let mode = if is_write { "w" } else { "r" }.to_owned();
            self.adopt(me, at, &Held { fd, object, mode });
        }
        self.tables.used(&mut self.story, me, fd);
        match errno.as_deref() {
            None => self.moved(me, at, (place, is_write, from_us), bytes),
            Some("EPIPE") => {
                self.mark(me, at, Deed::Broken { channel: place.channel });
            }
            Some(_) => {}
        }
    }

    /// A write that is larger than its pipe is told in parts, which have one
    /// beginning: the first of them stands for the call.
    fn moved(&mut self, me: usize, at: Moment, call: Call, bytes: u64) {
        let (place, is_write, _) = call;
        let who = (me, self.tables.thread);
        let marks = &mut self.story.processes[me].marks;
        let first = match self.calls.get(&who) {
            Some((last, first)) if *last == call && is_write => {
                marks.get_mut(*first)
            }
            _ => None,
        };
        let mut of = Some(bytes);
        if let Some(Mark { deed: Deed::Io { of: Some(all), .. }, .. }) = first {
            *all = all.saturating_add(bytes);
            of = None;
        } else {
            self.calls.insert(who, (call, marks.len()));
        }
        self.mark(me, at, Deed::Io { place, is_write, bytes, of });
    }

    /// Takes a descriptor into the table that it did not know of.
    fn adopt(&mut self, me: usize, at: Moment, held: &Held) {
        let place = self.tables.find(&held.object, held.mode.contains('w'));
        if place.is_none()
            || self.tables.place(&self.story, me, held.fd).is_some()
        {
            return;
        }
        let to = Target { place, object: &held.object, is_cloexec: false };
        self.tables.open(&mut self.story, me, held.fd, &to, at);
    }

    pub(crate) fn mark(&mut self, me: usize, at: Moment, deed: Deed) {
        let thread = self.tables.thread;
        self.story.processes[me].marks.push(Mark { at, thread, deed });
    }
}
